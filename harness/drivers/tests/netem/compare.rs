//! What came out of netem beside what comes out of the user-space link. All bounds are wide enough that a pair of equals
//! differs by more in less than one run of ten thousand.

use crate::traffic::{self, Arrival, Case};
use brownout_core::network::{Direction, Impair, Impairment, Loss};
use brownout_core::time::Instant;
use brownout_lab::link::{Link, LinkOut, Way};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How many standard deviations two shares may be apart: once in 15,000 times they are further.
const DEVIATIONS: f64 = 4.0;
/// Of the Kolmogorov-Smirnov distance, by its limiting distribution: 2 exp(-2 c²) is 1 in 10,000.
const SMIRNOV: f64 = 2.226;

/// Compares, and prints what was found.
///
/// # Errors
/// Everything that differs by more than chance.
pub(crate) fn with(result: &str) -> Result<(), String> {
    if let Some(error) = result.strip_prefix("error ") {
        return Err(format!("in User-mode Linux: {error}"));
    }
    let (theirs, facts) = parse(result);
    let mut findings = Findings::default();
    for (seed, case) in traffic::cases().iter().enumerate() {
        let Some(theirs) = theirs.get(case.name) else {
            findings.wrong(format!("{}: netem carried nothing", case.name));
            continue;
        };
        let ours = ours(case, theirs, seed as u64);
        findings.compare(case, theirs, &ours);
    }
    findings.facts(&facts);
    print!("{}", findings.text);
    if findings.wrong.is_empty() { Ok(()) } else { Err(findings.wrong.join("\n")) }
}

fn parse(result: &str) -> (BTreeMap<&str, Vec<Arrival>>, Vec<&str>) {
    let (mut cases, mut facts) = (BTreeMap::<&str, Vec<Arrival>>::new(), Vec::new());
    let mut current = "";
    for line in result.lines() {
        if let Some(name) = line.strip_prefix("case ") {
            current = name;
            cases.insert(current, Vec::new());
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            let mut words = line.split(' ');
            let mut number = || words.next().and_then(|word| word.parse::<u64>().ok()).unwrap();
            let (number, sent, received) = (number() as u32, number(), number());
            let arrival = Arrival { number, sent, received, intact: words.next() == Some("true") };
            cases.entry(current).or_default().push(arrival);
        } else {
            facts.push(line);
        }
    }
    (cases, facts)
}

/// The same frames through the user-space link, sent when netem's were; lost ones as late as the one before.
fn ours(case: &Case, theirs: &[Arrival], seed: u64) -> Vec<Arrival> {
    let mut sent = vec![None; case.frames as usize];
    let first = theirs.iter().map(|arrival| arrival.sent).min().unwrap_or(0);
    for arrival in theirs {
        sent[arrival.number as usize] = Some(arrival.sent - first);
    }
    let mut last = 0;
    let sent: Vec<u64> = sent
        .iter()
        .map(|at| {
            last = at.unwrap_or(last);
            last
        })
        .collect();
    let mut link = Link::new(seed + 1);
    let how = Impair::Conditions { direction: Direction::Down, conditions: case.conditions.clone() };
    link.impair(Instant(0), &Impairment { name: case.name.to_owned(), how });
    let mut arrived = Vec::new();
    for (number, at) in sent.iter().enumerate() {
        run(&mut link, Some(*at), case, &sent, &mut arrived);
        link.carry(Instant(*at), Way::Down, traffic::frame(number as u32, case.length));
        take(&mut link, *at, case, &sent, &mut arrived);
    }
    run(&mut link, None, case, &sent, &mut arrived);
    arrived
}

/// Lets the link do what is due before a time.
fn run(link: &mut Link, before: Option<u64>, case: &Case, sent: &[u64], arrived: &mut Vec<Arrival>) {
    while let Some(due) = link.deadline().filter(|due| before.is_none_or(|before| due.0 <= before)) {
        link.poll(due);
        take(link, due.0, case, sent, arrived);
    }
}

fn take(link: &mut Link, now: u64, case: &Case, sent: &[u64], arrived: &mut Vec<Arrival>) {
    while let Some(out) = link.output() {
        let LinkOut::Deliver { frame, .. } = out else { continue };
        if let Some((number, intact)) = traffic::read(&frame, case.length) {
            arrived.push(Arrival { number, sent: sent[number as usize], received: now, intact });
        }
    }
}

/// What a link did to the frames of a case.
struct Summary {
    lost: u64,
    copies: u64,
    damaged: u64,
    /// Frames that came before one that was sent earlier.
    overtook: u64,
    /// Lengths of runs of lost frames, and of frames between them.
    bursts: Vec<f64>,
    gaps: Vec<f64>,
    /// In ms, of the first copy of each.
    delays: Vec<f64>,
    /// From the first to the last arrival, in ms.
    span: f64,
}

impl Summary {
    fn of(case: &Case, arrivals: &[Arrival]) -> Self {
        let mut times = vec![0_u64; case.frames as usize];
        let mut delays = Vec::new();
        let (mut overtook, mut highest) = (0, 0);
        for arrival in arrivals {
            let times = &mut times[arrival.number as usize];
            *times += 1;
            if *times == 1 {
                delays.push(arrival.received.saturating_sub(arrival.sent) as f64 / 1e6);
            }
            overtook += u64::from(arrival.number < highest);
            highest = highest.max(arrival.number);
        }
        let (mut bursts, mut gaps) = (Vec::new(), Vec::new());
        for run in times.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
            if run[0] == 0 { &mut bursts } else { &mut gaps }.push(run.len() as f64);
        }
        let received = arrivals.iter().map(|arrival| arrival.received);
        let span = received.clone().max().unwrap_or(0) - received.min().unwrap_or(0);
        Self {
            lost: times.iter().filter(|times| **times == 0).count() as u64,
            copies: times.iter().map(|times| times.saturating_sub(1)).sum(),
            damaged: arrivals.iter().filter(|arrival| !arrival.intact).count() as u64,
            overtook,
            bursts,
            gaps,
            delays,
            span: span as f64 / 1e6,
        }
    }
}

#[derive(Default)]
struct Findings {
    text: String,
    wrong: Vec<String>,
}

impl Findings {
    fn wrong(&mut self, what: String) {
        let _ = writeln!(self.text, "  ^ differs");
        self.wrong.push(what);
    }

    fn compare(&mut self, case: &Case, theirs: &[Arrival], ours: &[Arrival]) {
        let [netem, link] = [theirs, ours].map(|arrivals| Summary::of(case, arrivals));
        let _ = writeln!(self.text, "{} ({} frames)", case.name, case.frames);
        let conditions = &case.conditions;
        // Losses in bursts are not independent of one another: of them the lengths of runs are compared.
        let independent = matches!(conditions.loss, None | Some(Loss::Random(_)));
        let of = u64::from(case.frames);
        if independent && conditions.limit != Some(300) {
            self.share("lost", netem.lost, link.lost, of);
        }
        if conditions.limit == Some(300) {
            self.near("lost", netem.lost as f64, link.lost as f64, 0.01);
        }
        if !independent {
            self.smirnov("lengths of bursts", &netem.bursts, &link.bursts);
            self.smirnov("lengths of gaps", &netem.gaps, &link.gaps);
        }
        self.share("copies", netem.copies, link.copies, of);
        self.share("damaged", netem.damaged, link.damaged, of);
        let orders = conditions.reorder.is_some() || conditions.jitter.is_none();
        if orders {
            self.share("overtaken", netem.overtook, link.overtook, of);
        }
        if conditions.delay.is_some() && conditions.reorder.is_none() && conditions.limit != Some(300) {
            self.delays(case, &netem.delays, &link.delays);
        }
        if conditions.rate.is_some() {
            self.near("ms from first to last", netem.span, link.span, 0.05);
        }
    }

    /// Two shares of the same number of frames.
    fn share(&mut self, what: &str, netem: u64, link: u64, of: u64) {
        if netem == 0 && link == 0 {
            return;
        }
        let of = of as f64;
        let both = (netem + link) as f64 / (2.0 * of);
        let deviation = (2.0 * both * (1.0 - both) / of).sqrt().max(f64::MIN_POSITIVE);
        let apart = (netem as f64 - link as f64).abs() / of / deviation;
        let _ = writeln!(
            self.text,
            "  {what}: netem {:.3} %, link {:.3} %, {apart:.2} standard deviations apart",
            netem as f64 / of * 100.0,
            link as f64 / of * 100.0
        );
        if apart > DEVIATIONS {
            self.wrong(format!("{what}: {netem} and {link} of {of}"));
        }
    }

    fn near(&mut self, what: &str, netem: f64, link: f64, within: f64) {
        let _ = writeln!(self.text, "  {what}: netem {netem:.1}, link {link:.1}");
        if (netem - link).abs() > link * within {
            self.wrong(format!("{what}: {netem:.1} and {link:.1}"));
        }
    }

    /// Delays that vary are compared as distributions, and those that do not by their medians: the machine's timers, and
    /// other programs on this computer, add some.
    fn delays(&mut self, case: &Case, netem: &[f64], link: &[f64]) {
        if case.conditions.jitter.is_some() {
            return self.smirnov("delays", netem, link);
        }
        let [netem, link] = [netem, link].map(median);
        let _ = writeln!(self.text, "  median delay: netem {netem:.3} ms, link {link:.3} ms");
        if (netem - link).abs() > link * 0.02 {
            self.wrong(format!("median delay: {netem:.3} and {link:.3} ms"));
        }
    }

    fn smirnov(&mut self, what: &str, netem: &[f64], link: &[f64]) {
        let distance = distance(netem, link);
        let (n, m) = (netem.len() as f64, link.len() as f64);
        let most = SMIRNOV * ((n + m) / (n * m)).sqrt();
        let _ = writeln!(
            self.text,
            "  {what}: means {:.3} and {:.3}, Kolmogorov-Smirnov distance {distance:.4} of {most:.4}",
            mean(netem),
            mean(link)
        );
        if distance.is_nan() || distance > most {
            self.wrong(format!("{what}: distance {distance:.4}, at most {most:.4}"));
        }
    }

    /// What else was seen in the machine.
    fn facts(&mut self, facts: &[&str]) {
        let mut took = BTreeMap::new();
        for fact in facts {
            let _ = writeln!(self.text, "{fact}");
            let words: Vec<_> = fact.split(' ').collect();
            match words.as_slice() {
                ["took", what, times, ns] => {
                    took.insert(*what, ns.parse::<f64>().unwrap() / times.parse::<f64>().unwrap() / 1000.0);
                }
                ["ways", of, up, down] => {
                    let [of, up, down] = [of, up, down].map(|word| word.parse::<f64>().unwrap());
                    for (what, arrived, lost) in [("up", up, 0.1), ("down", down, 0.3)] {
                        let deviation = (lost * (1.0 - lost) / of).sqrt();
                        if ((1.0 - arrived / of) - lost).abs() > DEVIATIONS * deviation {
                            self.wrong(format!("{what}: {arrived} of {of} arrived"));
                        }
                    }
                }
                _ => {}
            }
        }
        match (took.get("port"), took.get("tc")) {
            (Some(port), Some(tc)) => {
                let _ = writeln!(
                    self.text,
                    "a change: {port:.1} us by the port, {tc:.1} us by tc: {:.0} times",
                    tc / port
                );
                if *tc < 50.0 * *port {
                    self.wrong(format!("a change takes {port:.1} us by the port and {tc:.1} us by tc"));
                }
            }
            _ => self.wrong("changes were not measured".to_owned()),
        }
        for case in traffic::cases() {
            let met = facts.iter().any(|fact| fact.starts_with("met ") && fact.ends_with(case.name));
            if !met {
                self.wrong(format!("{}: the port did not tell that it was met", case.name));
            }
        }
    }
}

/// The two-sample Kolmogorov-Smirnov distance.
fn distance(one: &[f64], other: &[f64]) -> f64 {
    let [one, other] = [one, other].map(|values| {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted
    });
    let share = |of: &[f64], value: f64| of.partition_point(|x| *x <= value) as f64 / of.len() as f64;
    let both = one.iter().chain(&other);
    both.map(|value| (share(&one, *value) - share(&other, *value)).abs()).fold(0.0, f64::max)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
