//! What goes wrong. One file a kind, and its line in the table below.
//!
//! A fault says in its parameters when it strikes and how long it lasts, and lowers to actions: what does it, what
//! shows that it bit, what undoes it.

/// A fault's record: its own fields, and those that every fault has. `lasting <default>` is one that is held and then
/// reverted, `at_once` one that is done when it is done.
macro_rules! fault {
    ($(#[doc = $doc:literal])+ pub struct $type:ident { $($own:tt)* } lasting $hold:expr) => {
        crate::record! {
            $(#[doc = $doc])+
            pub struct $type {
                $($own)*
                /// How long it lasts.
                hold: crate::time::Duration = "for" (Positive) or $hold,
                /// When it strikes; at once if left out.
                when: Option<crate::trigger::Trigger> = "when" optional,
                /// Steps to perform while the trigger is awaited.
                during: Vec<crate::step::Step> = "while" or Vec::new(),
                /// How long to wait for the trigger.
                within: crate::time::Duration = "within" (Positive) or crate::time::Duration::from_secs(30),
            }
        }
        fault!(@timed $type, |fault| Some(fault.hold));
    };
    ($(#[doc = $doc:literal])+ pub struct $type:ident { $($own:tt)* } at_once) => {
        crate::record! {
            $(#[doc = $doc])+
            pub struct $type {
                $($own)*
                /// When it strikes; at once if left out.
                when: Option<crate::trigger::Trigger> = "when" optional,
                /// Steps to perform while the trigger is awaited.
                during: Vec<crate::step::Step> = "while" or Vec::new(),
                /// How long to wait for the trigger.
                within: crate::time::Duration = "within" (Positive) or crate::time::Duration::from_secs(30),
            }
        }
        fault!(@timed $type, |_| None);
    };
    (@timed $type:ident, |$fault:pat_param| $hold:expr) => {
        impl crate::fault::Timed for $type {
            fn timing(&self) -> crate::fault::Timing<'_> {
                let $fault = self;
                crate::fault::Timing {
                    when: self.when.as_ref(),
                    within: self.within,
                    hold: $hold,
                    during: &self.during,
                }
            }

            fn timing_mut(&mut self) -> crate::fault::TimingMut<'_> {
                crate::fault::TimingMut { when: &mut self.when, during: &mut self.during }
            }
        }
    };
}

mod battery_low;
mod battery_sag;
mod blackout;
mod brownout;
mod bus_held;
mod button_stuck;
mod clock_skew;
mod console_flood;
mod console_noise;
mod console_silence;
mod dhcp_nak;
mod dhcp_new_address;
mod dhcp_no_router;
mod dhcp_short_lease;
mod dhcp_silence;
mod dns_cname_loop;
mod dns_error;
mod dns_silence;
mod dns_slow;
mod dns_truncated;
mod dns_ttl;
mod dns_wrong_address;
mod dns_wrong_id;
mod flash_corrupt;
mod halt;
mod memory_flip;
mod ntp_kiss_of_death;
mod ntp_next_era;
mod ntp_silence;
mod ntp_unsynchronised;
mod ntp_wrong_time;
mod power_cut;
mod power_flap;
mod probe_lost;
mod ram_decay;
mod register_flip;
mod reset;
mod sensor_nack;
mod sensor_noisy;
mod sensor_out_of_range;
mod sensor_stuck;
mod service_down;
mod slow_ramp;
mod tls_alert;
mod tls_ca_rotated;
mod tls_certificate;
mod tls_client_refused;
mod tls_no_common_version;
mod tls_reset;
mod tls_stall;
mod tls_ticket_refused;
mod tls_truncated_close;

pub use battery_low::BatteryLow;
pub use battery_sag::BatterySag;
pub use blackout::Blackout;
pub use brownout::Brownout;
pub use bus_held::BusHeld;
pub use button_stuck::ButtonStuck;
pub use clock_skew::ClockSkew;
pub use console_flood::{ConsoleFlood, FloodOf};
pub use console_noise::{ConsoleNoise, NoiseKind};
pub use console_silence::ConsoleSilence;
pub use dhcp_nak::DhcpNak;
pub use dhcp_new_address::DhcpNewAddress;
pub use dhcp_no_router::DhcpNoRouter;
pub use dhcp_short_lease::DhcpShortLease;
pub use dhcp_silence::DhcpSilence;
pub use dns_cname_loop::DnsCnameLoop;
pub use dns_error::DnsError;
pub use dns_silence::DnsSilence;
pub use dns_slow::DnsSlow;
pub use dns_truncated::DnsTruncated;
pub use dns_ttl::DnsTtl;
pub use dns_wrong_address::DnsWrongAddress;
pub use dns_wrong_id::DnsWrongId;
pub use flash_corrupt::{FlashCorrupt, FlashHow};
pub use halt::Halt;
pub use memory_flip::MemoryFlip;
pub use ntp_kiss_of_death::NtpKissOfDeath;
pub use ntp_next_era::NtpNextEra;
pub use ntp_silence::NtpSilence;
pub use ntp_unsynchronised::NtpUnsynchronised;
pub use ntp_wrong_time::NtpWrongTime;
pub use power_cut::PowerCut;
pub use power_flap::PowerFlap;
pub use probe_lost::{Leaves, ProbeLost};
pub use ram_decay::RamDecay;
pub use register_flip::{Register, RegisterFlip};
pub use reset::ResetFault;
pub use sensor_nack::SensorNack;
pub use sensor_noisy::SensorNoisy;
pub use sensor_out_of_range::SensorOutOfRange;
pub use sensor_stuck::SensorStuck;
pub use service_down::ServiceDown;
pub use slow_ramp::SlowRamp;
pub use tls_alert::TlsAlert;
pub use tls_ca_rotated::TlsCaRotated;
pub use tls_certificate::{ShownCertificate, TlsCertificate};
pub use tls_client_refused::TlsClientRefused;
pub use tls_no_common_version::TlsNoCommonVersion;
pub use tls_reset::TlsReset;
pub use tls_stall::TlsStall;
pub use tls_ticket_refused::TlsTicketRefused;
pub use tls_truncated_close::TlsTruncatedClose;

use crate::action::{Action, Done, FlashCut, InputState, SupplyCourse};
use crate::event::What;
use crate::names::{Dut, Input};
use crate::network::{Impair, Impairment, Misbehave, Misbehaviour};
use crate::plan::{BoardPlan, InputKind};
use crate::port::Port;
use crate::step::Step;
use crate::time::Duration;
use crate::trigger::Trigger;
use std::rc::Rc;

crate::kinds! {
    /// Something that goes wrong.
    pub enum Fault("fault", "faults") as dyn FaultKind {
        "power_cut" => PowerCut(PowerCut),
        "power_flap" => PowerFlap(PowerFlap),
        "ram_decay" => RamDecay(RamDecay),
        "brownout" => Brownout(Brownout),
        "slow_ramp" => SlowRamp(SlowRamp),
        "reset" => Reset(ResetFault),
        "halt" => Halt(Halt),
        "memory_flip" => MemoryFlip(MemoryFlip),
        "register_flip" => RegisterFlip(RegisterFlip),
        "flash_corrupt" => FlashCorrupt(FlashCorrupt),
        "clock_skew" => ClockSkew(ClockSkew),
        "console_noise" => ConsoleNoise(ConsoleNoise),
        "console_flood" => ConsoleFlood(ConsoleFlood),
        "console_silence" => ConsoleSilence(ConsoleSilence),
        "probe_lost" => ProbeLost(ProbeLost),
        "sensor_stuck" => SensorStuck(SensorStuck),
        "sensor_noisy" => SensorNoisy(SensorNoisy),
        "sensor_out_of_range" => SensorOutOfRange(SensorOutOfRange),
        "sensor_nack" => SensorNack(SensorNack),
        "bus_held" => BusHeld(BusHeld),
        "battery_low" => BatteryLow(BatteryLow),
        "battery_sag" => BatterySag(BatterySag),
        "button_stuck" => ButtonStuck(ButtonStuck),
        "blackout" => Blackout(Blackout),
        "service_down" => ServiceDown(ServiceDown),
        "dhcp_silence" => DhcpSilence(DhcpSilence),
        "dhcp_nak" => DhcpNak(DhcpNak),
        "dhcp_short_lease" => DhcpShortLease(DhcpShortLease),
        "dhcp_new_address" => DhcpNewAddress(DhcpNewAddress),
        "dhcp_no_router" => DhcpNoRouter(DhcpNoRouter),
        "dns_error" => DnsError(DnsError),
        "dns_silence" => DnsSilence(DnsSilence),
        "dns_slow" => DnsSlow(DnsSlow),
        "dns_wrong_address" => DnsWrongAddress(DnsWrongAddress),
        "dns_truncated" => DnsTruncated(DnsTruncated),
        "dns_ttl" => DnsTtl(DnsTtl),
        "dns_wrong_id" => DnsWrongId(DnsWrongId),
        "dns_cname_loop" => DnsCnameLoop(DnsCnameLoop),
        "ntp_silence" => NtpSilence(NtpSilence),
        "ntp_kiss_of_death" => NtpKissOfDeath(NtpKissOfDeath),
        "ntp_wrong_time" => NtpWrongTime(NtpWrongTime),
        "ntp_unsynchronised" => NtpUnsynchronised(NtpUnsynchronised),
        "ntp_next_era" => NtpNextEra(NtpNextEra),
        "tls_certificate" => TlsCertificate(TlsCertificate),
        "tls_ca_rotated" => TlsCaRotated(TlsCaRotated),
        "tls_client_refused" => TlsClientRefused(TlsClientRefused),
        "tls_no_common_version" => TlsNoCommonVersion(TlsNoCommonVersion),
        "tls_stall" => TlsStall(TlsStall),
        "tls_reset" => TlsReset(TlsReset),
        "tls_alert" => TlsAlert(TlsAlert),
        "tls_truncated_close" => TlsTruncatedClose(TlsTruncatedClose),
        "tls_ticket_refused" => TlsTicketRefused(TlsTicketRefused),
    }
}

/// When a fault strikes and how long it lasts.
#[derive(Clone, Copy, Debug)]
pub struct Timing<'a> {
    /// Its trigger; `None` strikes at once.
    pub when: Option<&'a Trigger>,
    /// How long to wait for the trigger.
    pub within: Duration,
    /// How long to hold it before it is reverted; `None` for a fault that is done when it is done.
    pub hold: Option<Duration>,
    /// Steps performed while the trigger is awaited.
    pub during: &'a [Step],
}

/// The parts of a fault's timing that a sweep moves.
#[derive(Debug)]
pub struct TimingMut<'a> {
    /// Its trigger.
    pub when: &'a mut Option<Trigger>,
    /// Steps performed while the trigger is awaited.
    pub during: &'a mut Vec<Step>,
}

/// What a fault does, in actions.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Hands the whole injection to an instrument beforehand, because only it is fast enough. The instrument strikes
    /// by itself; `inject` is then not performed.
    pub arm: Option<FlashCut>,
    /// Does it.
    pub inject: Vec<Move>,
    /// Shows that it bit.
    pub confirm: Confirm,
    /// Undoes it.
    pub revert: Vec<Action>,
    /// What becomes of a core that stands at the breakpoint or watchpoint that triggered it.
    pub at_breakpoint: AtBreakpoint,
}

/// What becomes of a core that was halted by the trigger of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtBreakpoint {
    /// The fault is done while the core stands; then it goes on.
    InjectThenResume,
    /// The core goes on, then the fault is done: one that only a running core can feel.
    ResumeThenInject,
    /// It stays halted: the fault takes its power, resets it, or is the halt.
    StayHalted,
}

/// One move of an injection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Performs an action and waits for its end.
    Do(Action),
    /// Lets time pass.
    Pause(Duration),
}

impl From<Action> for Move {
    fn from(action: Action) -> Self {
        Self::Do(action)
    }
}

/// Evidence that a fault bit: the first of these events since the injection began, within the time.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// Whether an event is evidence.
    pub evidence: Evidence,
    /// In words, for the report of a fault that never bit.
    pub text: &'static str,
    /// How long after injection it may come.
    pub within: Duration,
}

/// What shows that a fault bit.
#[derive(Clone)]
pub enum Evidence {
    /// An event for which this says so.
    Seen(Rc<EvidenceTest>),
    /// The instrument itself, when it says that the last action of the injection is done: it looked.
    Done,
}

/// Whether an event is evidence.
pub type EvidenceTest = dyn Fn(&Dut, &What) -> bool;

impl Evidence {
    /// The events for which this says so.
    pub fn of(test: impl Fn(&Dut, &What) -> bool + 'static) -> Self {
        Self::Seen(Rc::new(test))
    }

    /// Whether this event of the run is evidence.
    pub fn shows(&self, dut: &Dut, what: &What) -> bool {
        match self {
            Self::Seen(test) => test(dut, what),
            Self::Done => false,
        }
    }
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Seen(_) => "Seen",
            Self::Done => "Done",
        })
    }
}

/// What every fault says of its timing; [`fault!`] makes it.
pub trait Timed {
    /// When it strikes and how long it lasts.
    fn timing(&self) -> Timing<'_>;

    /// The parts of that which a sweep moves.
    fn timing_mut(&mut self) -> TimingMut<'_>;
}

/// What every fault can be asked.
pub trait FaultKind: Timed {
    /// What it does.
    fn lower(&self, cx: &Lowering<'_>) -> Lowered;

    /// The ports it cannot do without; those of its trigger are the trigger's business.
    fn needs(&self) -> &'static [Port];

    /// The input of the device that it puts into a state, and the kind that the input must be of.
    fn input(&self) -> Option<(&Input, InputKind)> {
        None
    }
}

/// What a fault may draw upon while it is lowered.
#[derive(Clone, Copy, Debug)]
pub struct Lowering<'a> {
    /// Feeds whatever is random about it.
    pub seed: u64,
    /// What is known of the device: its symbols, its inputs.
    pub board: &'a BoardPlan,
}

impl Fault {
    /// When it strikes and how long it lasts.
    pub fn timing(&self) -> Timing<'_> {
        self.as_kind().timing()
    }

    /// The parts of its timing that a sweep moves.
    pub fn timing_mut(&mut self) -> TimingMut<'_> {
        self.as_kind_mut().timing_mut()
    }

    /// What it does.
    pub fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        self.as_kind().lower(cx)
    }

    /// The ports it cannot do without, its trigger's too.
    pub fn needs(&self) -> Vec<Port> {
        let trigger = self.timing().when.map(Trigger::needs).unwrap_or_default();
        self.as_kind().needs().iter().copied().chain(trigger).collect()
    }
}

/// A fault of the supply: the voltage runs through a course, and is seen at its lowest.
fn supply(course: SupplyCourse, at_breakpoint: AtBreakpoint) -> Lowered {
    let lowest = course.points.iter().map(|point| point.millivolts).min().unwrap_or(0);
    let length = course.length();
    Lowered {
        arm: None,
        inject: vec![Action::Supply(course).into(), Move::Pause(length)],
        confirm: Confirm {
            evidence: Evidence::of(
                move |dut, what| matches!(what, What::Voltage { dut: of, millivolts } if of == dut && *millivolts <= lowest + METER),
            ),
            text: "the supply voltage was never seen as low as that",
            within: Duration(length.0 + 10_000_000_000),
        },
        revert: vec![Action::SupplyNominal],
        at_breakpoint,
    }
}

/// What the meter of a bench supply may be off by, in millivolts.
const METER: u32 = 50;

/// A fault of an input of the device.
fn stimulus(input: &Input, kind: InputKind, state: InputState, hold: Duration) -> Lowered {
    let of = input.clone();
    Lowered {
        arm: None,
        inject: vec![Action::Stimulate { input: input.clone(), kind, state }.into()],
        confirm: Confirm {
            evidence: Evidence::of(move |_, what| match what {
                What::Touched { input, .. } => *input == of,
                // An instrument that cannot see the device take notice can only say that it did its part.
                What::Acted { done: Done::Stimulated { observes }, .. } => !observes,
                _ => false,
            }),
            text: "the device never took notice of the input",
            within: Duration(hold.0 + 1_000_000_000),
        },
        revert: vec![Action::Release { input: input.clone(), kind, everything: false }],
        at_breakpoint: AtBreakpoint::ResumeThenInject,
    }
}

/// A fault of the link, in force until it is taken back: it bit when a frame of the device met it.
fn impair(name: &str, how: Impair, hold: Duration) -> Lowered {
    met(
        name,
        Action::Impair(Impairment { name: name.to_owned(), how }),
        Action::Mend { name: name.to_owned() },
        "no frame of the device met it",
        hold,
    )
}

/// A fault of a service, in force until it is taken back: it bit when the device met it.
fn misbehave(name: &str, how: Misbehave, hold: Duration) -> Lowered {
    met(
        name,
        Action::Misbehave(Misbehaviour { name: name.to_owned(), how }),
        Action::Behave { name: name.to_owned() },
        "the device asked nothing of the service that met it",
        hold,
    )
}

fn met(name: &str, inject: Action, revert: Action, text: &'static str, hold: Duration) -> Lowered {
    let mine = name.to_owned();
    Lowered {
        arm: None,
        inject: vec![inject.into()],
        confirm: Confirm {
            evidence: Evidence::of(
                move |of, what| matches!(what, What::Met { dut, name, .. } if dut == of && *name == mine),
            ),
            text,
            within: Duration(hold.0 + 1_000_000_000),
        },
        revert: vec![revert],
        at_breakpoint: AtBreakpoint::InjectThenResume,
    }
}

/// Whether an action says that it changed what it was to change.
fn changed(what: &What) -> bool {
    matches!(what, What::Acted { done: Done::Changed { before, after }, .. } if before != after)
}
