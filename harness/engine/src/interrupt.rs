//! A wish to stop, from a person or a supervisor.

use tokio::sync::watch;

/// The end that wishes.
#[derive(Debug)]
pub struct Interrupter(watch::Sender<bool>);

/// The end that listens. Cloned for each run.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupter {
    /// A pair.
    pub fn new() -> (Self, Interrupt) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Interrupt(receiver))
    }

    /// Wishes to stop. May be called from any thread, and more than once.
    pub fn interrupt(&self) {
        self.0.send_replace(true);
    }
}

impl Interrupt {
    /// Whether somebody wished to stop.
    pub fn wished(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits for the wish; for ever if nobody can wish any more.
    pub(crate) async fn wait(&mut self) {
        if self.0.wait_for(|wished| *wished).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
