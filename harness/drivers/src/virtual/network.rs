//! The other end of a virtual board's cable: the lab's link, gateway and services, in the board's own time.

use super::simulated::Simulated;
use async_trait::async_trait;
use brownout_board::{Board, Cycles, Nanos};
use brownout_core::action::Done;
use brownout_core::network::{Impairment, Misbehaviour, Publication};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Instant;
use brownout_lab::service::Seen;
use brownout_lab::time::Epoch;
use brownout_lab::world::{Setup, World, WorldOut};
use brownout_ports::{Link, Observed, Services};

/// When runs in virtual time begin, on the calendar: 2026-03-01T00:00:00Z and up to a year later, as the seed has it.
const FIRST_DAY: i64 = 1_772_323_200;

/// A year, in seconds.
const YEAR: u64 = 365 * 24 * 60 * 60;

/// The other end of a cable.
pub(super) struct Network {
    world: World,
}

impl Network {
    pub(super) fn new(seed: u64, device: &str) -> Self {
        let epoch = Epoch::from_unix(FIRST_DAY + i64::try_from(seed % YEAR).unwrap_or(0));
        Self { world: World::new(Setup { seed, epoch, device: device.to_owned() }) }
    }

    /// The device sent a frame, at a time when it may since have gone on a little: what the frame met is reported with
    /// its own time, as the link's capture has it.
    pub(super) fn frame(
        &mut self,
        at: Instant,
        frame: &[u8],
        board: &mut Board,
        report: &mut dyn FnMut(Instant, Observed),
    ) {
        self.world.frame(at, frame);
        self.hand_on(at, board, report);
    }

    /// When it has something to do, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Cycles> {
        // The first cycle at or after it: one before would be woken for nothing, without end.
        let due = self.world.deadline()?;
        let floor = Nanos(due.0).cycles();
        Some(if floor.nanos().0 < due.0 { Cycles(floor.0 + 1) } else { floor })
    }

    /// Does what is due, hands the device its frames, and reports what was seen.
    pub(super) fn serve(&mut self, board: &mut Board, report: &mut dyn FnMut(Instant, Observed)) {
        let now = Instant(board.now().nanos().0);
        if self.world.deadline().is_some_and(|due| due <= now) {
            self.world.poll(now);
        }
        self.hand_on(now, board, report);
    }

    fn hand_on(&mut self, now: Instant, board: &mut Board, report: &mut dyn FnMut(Instant, Observed)) {
        while let Some(out) = self.world.output() {
            match out {
                WorldOut::Frame(frame) => {
                    board.link_frame(&frame);
                }
                WorldOut::Cable(plugged) => board.set_cable(plugged),
                WorldOut::Capture(bytes) => report(now, Observed::Capture(bytes)),
                WorldOut::Seen(Seen::Traffic(seen)) => report(now, Observed::Traffic(seen)),
                WorldOut::Seen(Seen::Met { name, times }) => report(now, Observed::Met { name, times }),
            }
        }
    }
}

impl Simulated {
    /// Does something with the other end of the cable, and lets the device and the engine see what comes of it.
    fn with_world<R>(&self, work: impl FnOnce(&mut World, Instant) -> R) -> R {
        self.publish();
        let now = Instant(self.now().nanos().0);
        let result = work(&mut self.network.borrow_mut().world, now);
        self.publish();
        result
    }
}

#[async_trait(?Send)]
impl Link for Simulated {
    async fn connect(&self) -> Result<(), PortError> {
        self.with_world(World::connect);
        Ok(())
    }

    async fn disconnect(&self) -> Result<(), PortError> {
        self.with_world(World::disconnect);
        Ok(())
    }

    async fn impair(&self, impairment: &Impairment) -> Result<(), PortError> {
        self.with_world(|world, now| world.impair(now, impairment));
        Ok(())
    }

    async fn mend(&self, name: &str) -> Result<Done, PortError> {
        Ok(Done::Counted { times: self.with_world(|world, now| world.mend(now, name)) })
    }
}

#[async_trait(?Send)]
impl Services for Simulated {
    async fn start(&self) -> Result<(), PortError> {
        self.with_world(World::start).map_err(|why| PortError {
            port: Port::Services,
            trouble: Trouble::Failed,
            message: format!("no certificates could be made for this device: {why}"),
            help: Some("give it a shorter name in the rig file, of letters, digits and `-`".to_owned()),
        })
    }

    async fn stop(&self) -> Result<(), PortError> {
        self.with_world(World::stop);
        Ok(())
    }

    fn provision(&self) -> Option<Vec<u8>> {
        self.network.borrow().world.provision()
    }

    async fn misbehave(&self, misbehaviour: &Misbehaviour) -> Result<(), PortError> {
        self.with_world(|world, now| world.misbehave(now, misbehaviour)).map_err(|why| PortError {
            port: Port::Services,
            trouble: Trouble::Failed,
            message: format!("cannot `{}`: {why}", misbehaviour.name),
            help: None,
        })
    }

    async fn behave(&self, name: &str) -> Result<Done, PortError> {
        Ok(Done::Counted { times: self.with_world(|world, now| world.behave(now, name)) })
    }

    async fn publish(&self, message: &Publication) -> Result<(), PortError> {
        self.with_world(|world, now| world.publish(now, message));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::network::{Conditions, Direction, Impair, Loss};
    use brownout_core::quantity::Share;

    #[test]
    fn what_a_frame_met_is_told_with_the_time_of_the_frame() {
        let mut board = crate::r#virtual::board("nRF52840_xxAA", 1).unwrap();
        board.run(Cycles(64_000));
        let mut network = Network::new(1, "dut");
        network.world.connect(Instant(0));
        let conditions = Conditions { loss: Some(Loss::Random(Share(1_000_000))), ..Conditions::default() };
        let how = Impair::Conditions { direction: Direction::Up, conditions };
        network.world.impair(Instant(0), &Impairment { name: "loss".to_owned(), how });
        network.serve(&mut board, &mut |_, _| {});
        let mut seen = Vec::new();
        network.frame(Instant(500_000), &[0; 60], &mut board, &mut |at, what| seen.push((at, what)));
        let met: Vec<_> = seen.iter().filter(|(_, what)| matches!(what, Observed::Met { .. })).collect();
        let [(at, _)] = met[..] else { panic!("{seen:?}") };
        assert!(*at == Instant(500_000) && board.now().nanos().0 >= 1_000_000);
    }
}
