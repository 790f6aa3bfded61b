//! Jobs on several threads, and what they give in the order of the jobs.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

/// Does each job on one of at most `threads` threads and calls back with what each gave, in the order of the jobs. A thread
/// may keep something from job to job. Once `go_on` says no, or the callback breaks, none is begun any more; those under way
/// are done and told.
pub fn in_order<Job: Sync, Kept, Given: Send>(
    jobs: &[Job],
    threads: usize,
    go_on: impl Fn() -> bool + Sync,
    work: impl Fn(&mut Option<Kept>, &Job) -> Given + Sync,
    mut each: impl FnMut(Given) -> ControlFlow<()>,
) {
    let next = AtomicUsize::new(0);
    let (send, given) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, jobs.len().max(1)) {
            let (send, next, go_on, work) = (send.clone(), &next, &go_on, &work);
            scope.spawn(move || {
                let mut kept = None;
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index).filter(|_| go_on()) else { return };
                    if send.send((index, work(&mut kept, job))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let (mut early, mut told) = (BTreeMap::new(), 0);
        let mut tell = |one| {
            if each(one).is_break() {
                next.store(jobs.len(), Ordering::Relaxed);
            }
        };
        for (index, one) in given {
            early.insert(index, one);
            while let Some(one) = early.remove(&told) {
                tell(one);
                told += 1;
            }
        }
        // Behind one that was not begun there may be others that were.
        early.into_values().for_each(tell);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn what_jobs_give_is_told_in_their_order() {
        let jobs: Vec<u64> = (0..200).collect();
        let mut told = Vec::new();
        let work = |kept: &mut Option<u64>, job: &u64| {
            *kept = Some(kept.map_or(1, |count| count + 1));
            // The odd ones take longer.
            (0..(job % 2) * 10_000).fold(*job, |sum, _| std::hint::black_box(sum))
        };
        in_order(
            &jobs,
            4,
            || true,
            work,
            |job| {
                told.push(job);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(told, jobs);
    }

    #[test]
    fn after_a_break_none_is_begun_and_none_is_lost() {
        let jobs: Vec<u64> = (0..10_000).collect();
        let (begun, mut told) = (Mutex::new(Vec::new()), Vec::new());
        let work = |_: &mut Option<()>, job: &u64| {
            begun.lock().unwrap().push(*job);
            if *job > 100 {
                // Time for the callback, however busy the machine is.
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            *job
        };
        in_order(
            &jobs,
            3,
            || true,
            work,
            |job| {
                told.push(job);
                if job == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        let mut begun = begun.into_inner().unwrap();
        begun.sort_unstable();
        assert_eq!(told, begun);
        assert!(told.len() < jobs.len(), "all were begun");
        in_order(&jobs, 3, || false, |_: &mut Option<()>, _| panic!("begun"), |()| ControlFlow::Continue(()));
    }
}
