//! The thread's side of the netem driver: the interface, what is set on it, and what was counted.

use super::met::{self, InForce};
use super::options::{Options, Refused};
use super::qdisc::{self, Counted, OURS};
use crate::clock::Stopwatch;
use crate::link::interface::{self, Interface};
use crate::link::netlink::{Netlink, Refusal};
use crate::link::{NO_RIGHT_TO_PLUG, link_trouble as trouble};
use brownout_core::network::{Conditions, Direction, Impair, Impairment, Traffic};
use brownout_core::port::{PortError, Trouble};
use brownout_ports::{Observed, Watch};
use nix::errno::Errno;
use std::sync::Arc;

/// What the inline link can do and netem cannot.
const INLINE: &str =
    "use the driver `inline` for this port: it does all that netem does in user space, and this too";
/// What the other way needs of the kernel.
const INGRESS: &str = "the kernel modules ifb, sch_ingress, cls_matchall and act_mirred make it; or use the driver `inline` for this port";

/// An interface with a device at the other end of its cable.
pub(crate) struct Cable {
    netlink: Netlink,
    interface: Interface,
    seed: u64,
    watch: Watch,
    clock: Arc<Stopwatch>,
    /// Whether it was up before we came.
    was_up: bool,
    connected: bool,
    /// To the device: this interface's egress.
    down: Option<Way>,
    /// From the device: the egress of an intermediate device that has this interface's ingress. Made when it is needed.
    up: Option<Way>,
    in_force: Vec<InForce>,
    carrier: Option<bool>,
}

/// A netem of ours.
struct Way {
    /// The interface on whose egress it is.
    egress: u32,
    options: Options,
    /// What it had counted when it was last looked at.
    counted: Counted,
    /// Packets that it held for a time.
    delayed: u64,
}

impl Cable {
    /// Looks for the interface.
    pub(crate) fn open(
        name: &str,
        seed: u64,
        watch: Watch,
        clock: Arc<Stopwatch>,
    ) -> Result<Self, PortError> {
        let mut netlink = Netlink::open().map_err(|error| {
            trouble(
                Trouble::Failed,
                format!("no routing socket: {error}"),
                "is this a Linux kernel with networking?",
            )
        })?;
        let interface = interface::find(&mut netlink, name)?;
        let was_up = interface.up;
        Ok(Self {
            netlink,
            interface,
            seed,
            watch,
            clock,
            was_up,
            connected: false,
            down: None,
            up: None,
            in_force: Vec::new(),
            carrier: None,
        })
    }

    /// Whether it could be impaired: that the kernel has netem, that we may set it, that nobody else has.
    pub(crate) fn check(&mut self) -> Result<(), PortError> {
        self.is_free()?;
        if self.down.is_some() {
            return Ok(());
        }
        // Taken away at once: there is no other way to ask whether it could be set.
        let was =
            qdisc::root(&mut self.netlink, self.interface.index).map_err(|refusal| self.failed(&refusal))?;
        let options = self.options(Direction::Down)?;
        qdisc::set(&mut self.netlink, self.interface.index, &options)
            .map_err(|refusal| self.not_set(&refusal))?;
        // One of ours that was there already was left behind by a process that was killed, and is to be mended.
        if was.is_some_and(|qdisc| qdisc.handle == OURS) { Ok(()) } else { self.clear() }
    }

    /// Somebody else's netem is not ours to change, and the way to everywhere else not ours to break.
    fn is_free(&mut self) -> Result<(), PortError> {
        let found =
            qdisc::root(&mut self.netlink, self.interface.index).map_err(|refusal| self.failed(&refusal))?;
        let name = &self.interface.name;
        if found.is_some_and(|qdisc| qdisc.kind == "netem" && qdisc.handle != OURS) {
            return Err(trouble(
                Trouble::Busy,
                format!("`{name}` has a netem of somebody else's"),
                &format!("take it away: tc qdisc del dev {name} root"),
            ));
        }
        interface::is_not_the_way_out(&mut self.netlink, &self.interface)
    }

    /// Plugs the cable, with a netem on it that does nothing but count.
    pub(crate) fn connect(&mut self) -> Result<(), PortError> {
        if !self.connected {
            self.is_free()?;
            self.connected = true;
            if let Err(error) = self.apply() {
                self.connected = false;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes everything back, tells what was counted, and pulls the cable.
    pub(crate) fn disconnect(&mut self) -> Result<(), PortError> {
        self.look();
        self.tell_counters();
        self.in_force.clear();
        self.connected = false;
        let pulled = self.plug();
        let cleared = self.clear();
        pulled.and(cleared)
    }

    /// Impairs it; the same name again replaces what it named.
    pub(crate) fn impair(&mut self, impairment: Impairment) -> Result<(), PortError> {
        let Impairment { name, how } = impairment;
        let cannot = match &how {
            Impair::Conditions { .. } | Impair::Unplug | Impair::Flap { .. } => None,
            Impair::Packet(_) => Some("netem has no rules for chosen packets"),
            Impair::MtuBlackHole { .. } => Some("netem cannot drop packets for their length"),
        };
        if let Some(why) = cannot {
            return Err(trouble(Trouble::Mismatch, why.to_owned(), INLINE));
        }
        // What frames met before is not its doing.
        self.look();
        let before = self.in_force.iter().position(|one| one.name == name).map(|at| self.in_force.remove(at));
        self.in_force.push(InForce::new(name, how, self.clock.now()));
        if let Err(error) = self.apply() {
            self.in_force.pop();
            self.in_force.extend(before);
            self.apply()?;
            return Err(error);
        }
        Ok(())
    }

    /// Takes an impairment back: how often it was met.
    pub(crate) fn mend(&mut self, name: &str) -> Result<u64, PortError> {
        self.look();
        let at = self.in_force.iter().position(|one| one.name == name);
        let times = at.map(|at| self.in_force.remove(at).times());
        if self.connected {
            self.apply()?;
            self.tell_counters();
        } else {
            // After a crash: what the process before this one left behind.
            self.clear()?;
        }
        Ok(times.unwrap_or(0))
    }

    /// Looks at the counters and tells what was met; pulls and plugs a cable that comes and goes.
    pub(crate) fn look(&mut self) {
        for direction in [Direction::Down, Direction::Up] {
            let Some(way) = self.way(direction) else { continue };
            let egress = way.egress;
            match qdisc::root(&mut self.netlink, egress) {
                Ok(Some(found)) if found.handle == OURS => self.count(direction, found.counted),
                Ok(_) => self.lost(direction, "is gone: somebody took it away"),
                Err(refusal) => self.lost(direction, &format!("does not answer: {refusal}")),
            }
        }
        let now = self.clock.now();
        let mut turned = false;
        for one in &mut self.in_force {
            turned |= one.turn(now);
        }
        if turned && let Err(error) = self.plug() {
            self.tell(Observed::Lost(error));
        }
        self.see_carrier();
    }

    fn count(&mut self, direction: Direction, counted: Counted) {
        let Some(way) = self.way(direction) else { return };
        let since = met::since(&way.counted, &counted);
        way.counted = counted;
        if way.options.latency > 0 || way.options.jitter > 0 || way.options.rate > 0 {
            way.delayed += since.packets;
        }
        let met: Vec<_> = self.in_force.iter_mut().filter_map(|one| one.passed(direction, &since)).collect();
        met.into_iter().for_each(|seen| self.tell(seen));
    }

    fn lost(&mut self, direction: Direction, why: &str) {
        let error = trouble(
            Trouble::Failed,
            format!("the netem for `{}` on `{}` {why}", words(direction), self.interface.name),
            "leave the interface to brownout while it runs",
        );
        *self.slot(direction) = None;
        self.tell(Observed::Lost(error));
    }

    /// Sets what is in force.
    fn apply(&mut self) -> Result<(), PortError> {
        let up = self.in_force.iter().any(|one| one.is_for(Direction::Up));
        if up || self.up.is_some() {
            self.set(Direction::Up)?;
        }
        self.set(Direction::Down)?;
        self.plug()
    }

    /// Sets one direction, and looks whether the kernel took it as it was asked to.
    fn set(&mut self, direction: Direction) -> Result<(), PortError> {
        let options = self.options(direction)?;
        let egress = match (self.way(direction), direction) {
            (Some(way), _) if way.options == options => return Ok(()),
            (Some(way), _) => way.egress,
            (None, Direction::Up) => self.make_intermediate()?,
            (None, _) => self.interface.index,
        };
        let told =
            qdisc::set(&mut self.netlink, egress, &options).map_err(|refusal| self.not_set(&refusal))?;
        let Some(told) = told else {
            return Err(self.not_as_asked("the kernel does not tell what it made of it"));
        };
        let missed = Options::decode(&told.options).map(|told| options.missed(&told));
        match missed.as_deref() {
            Some([]) => {}
            Some(missed) => return Err(self.not_as_asked(&format!("it has {}", missed.join(", ")))),
            None => return Err(self.not_as_asked("what the kernel tells of it cannot be read")),
        }
        match self.slot(direction) {
            Some(way) => way.options = options,
            // One that was left behind has counted before.
            slot => *slot = Some(Way { egress, options, counted: told.counted, delayed: 0 }),
        }
        Ok(())
    }

    /// What netem is to be set to for a direction: all conditions in force, merged.
    fn options(&self, direction: Direction) -> Result<Options, PortError> {
        let conditions = self.in_force.iter().filter_map(|one| one.conditions(direction));
        let merged = conditions.fold(Conditions::default(), |all, one| one.merged(&all));
        let refused = |Refused { why, instead }: Refused| trouble(Trouble::Mismatch, why, &instead);
        Options::of(&merged, self.seed ^ direction as u64).map_err(refused)
    }

    /// Makes the device that has this interface's ingress as its egress, for netem works on egress alone.
    fn make_intermediate(&mut self) -> Result<u32, PortError> {
        let name = format!("bo-up-{}", self.interface.index);
        let mut made = || {
            if let Some(left) = interface::named(&mut self.netlink, &name)? {
                interface::remove(&mut self.netlink, left.index)?;
                // It went with the device that it led to.
                let _ = qdisc::end_redirection(&mut self.netlink, self.interface.index);
            }
            interface::create(&mut self.netlink, &name, "ifb")?;
            let made = interface::named(&mut self.netlink, &name)?
                .ok_or_else(|| std::io::Error::other("it is gone again"))?;
            interface::set_up(&mut self.netlink, made.index, true)?;
            qdisc::redirect_ingress(&mut self.netlink, self.interface.index, made.index)?;
            Ok(made.index)
        };
        made().map_err(|refusal: Refusal| {
            trouble(
                if refusal.is(Errno::EPERM) { Trouble::Denied } else { Trouble::Mismatch },
                format!("netem works on what this computer sends; no intermediate device for the other way: {refusal}"),
                if refusal.is(Errno::EPERM) { NO_RIGHT_TO_PLUG } else { INGRESS },
            )
        })
    }

    /// Takes our netem, and what belongs to it, away.
    fn clear(&mut self) -> Result<(), PortError> {
        let index = self.interface.index;
        let mut gone = || {
            if qdisc::root(&mut self.netlink, index)?.is_some_and(|qdisc| qdisc.handle == OURS) {
                qdisc::delete(&mut self.netlink, index)?;
            }
            if let Some(intermediate) = interface::named(&mut self.netlink, &format!("bo-up-{index}"))? {
                interface::remove(&mut self.netlink, intermediate.index)?;
                qdisc::end_redirection(&mut self.netlink, index)?;
            }
            Ok(())
        };
        let gone = gone();
        (self.down, self.up) = (None, None);
        gone.map_err(|refusal| self.failed(&refusal))
    }

    /// Plugs the cable if it is to be plugged, and pulls it if not: an interface that is down takes its light from the
    /// device.
    fn plug(&mut self) -> Result<(), PortError> {
        let plugged = self.connected && !self.in_force.iter().any(InForce::is_out);
        if plugged != self.interface.up {
            interface::set_up(&mut self.netlink, self.interface.index, plugged)
                .map_err(|refusal| self.failed(&refusal))?;
            self.interface.up = plugged;
            if !plugged && self.connected {
                let met: Vec<_> = self.in_force.iter_mut().filter_map(InForce::pulled).collect();
                met.into_iter().for_each(|seen| self.tell(seen));
            }
            self.see_carrier();
        }
        Ok(())
    }

    fn see_carrier(&mut self) {
        let Ok(Some(found)) = interface::named(&mut self.netlink, &self.interface.name) else { return };
        let up = found.up && found.carrier;
        if self.carrier != Some(up) {
            self.carrier = Some(up);
            self.tell(Observed::Traffic(Traffic::Carrier { up }));
        }
    }

    /// What was counted since the cable was plugged. What netem does not count is 0.
    fn tell_counters(&mut self) {
        for direction in [Direction::Up, Direction::Down] {
            let Some(way) = self.way(direction) else { continue };
            let Counted { packets, bytes, dropped, overtaking, .. } = way.counted;
            let counters = Traffic::Counters {
                direction,
                frames: packets + dropped,
                bytes,
                dropped,
                delayed: way.delayed,
                duplicated: 0,
                corrupted: 0,
                reordered: overtaking,
            };
            self.tell(Observed::Traffic(counters));
        }
    }

    fn slot(&mut self, direction: Direction) -> &mut Option<Way> {
        if direction == Direction::Up { &mut self.up } else { &mut self.down }
    }

    fn way(&mut self, direction: Direction) -> Option<&mut Way> {
        self.slot(direction).as_mut()
    }

    fn tell(&self, seen: Observed) {
        self.watch.report(self.clock.now(), seen);
    }

    fn not_set(&self, refusal: &Refusal) -> PortError {
        let name = &self.interface.name;
        if refusal.is(Errno::EPERM) {
            trouble(
                Trouble::Denied,
                format!("no right to set netem on `{name}`: {refusal}"),
                NO_RIGHT_TO_PLUG,
            )
        } else if refusal.is(Errno::ENOENT) {
            trouble(
                Trouble::Absent,
                format!("this kernel has no netem: {refusal}"),
                "load or install its module sch_netem (Debian: in the kernel's own package; others: \
                 kernel-modules-extra), or use the driver `inline` for this port, which needs no help of the kernel",
            )
        } else {
            trouble(Trouble::Failed, format!("netem on `{name}` was refused: {refusal}"), INLINE)
        }
    }

    fn not_as_asked(&self, why: &str) -> PortError {
        trouble(
            Trouble::Failed,
            format!("netem on `{}` is not as it was asked for: {why}", self.interface.name),
            INLINE,
        )
    }

    fn failed(&self, refusal: &Refusal) -> PortError {
        let name = &self.interface.name;
        match refusal {
            _ if refusal.is(Errno::EPERM) => {
                trouble(Trouble::Denied, format!("no right to change `{name}`: {refusal}"), NO_RIGHT_TO_PLUG)
            }
            _ if refusal.is(Errno::ENODEV) => trouble(
                Trouble::Absent,
                format!("the interface `{name}` has gone"),
                "is the adapter still plugged in?",
            ),
            _ => trouble(
                Trouble::Failed,
                format!("`{name}`: {refusal}"),
                "`ip -details link` shows how it stands",
            ),
        }
    }
}

impl Drop for Cable {
    /// Leaves the interface as it was found.
    fn drop(&mut self) {
        if self.down.is_some() || self.up.is_some() {
            let _ = self.clear();
        }
        if self.interface.up != self.was_up {
            let _ = interface::set_up(&mut self.netlink, self.interface.index, self.was_up);
        }
    }
}

fn words(direction: Direction) -> &'static str {
    match direction {
        Direction::Up => "up",
        Direction::Down => "down",
        Direction::Both => "both",
    }
}
