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
                /// Steps to perform while it is in force. It lasts until they have ended, if that is longer.
                #[serde(skip_serializing_if = "Vec::is_empty")]
                meanwhile: Vec<crate::step::Step> = "meanwhile" or Vec::new(),
                /// How long to wait for the trigger.
                within: crate::time::Duration = "within" (Positive) or crate::time::Duration::from_secs(30),
            }
        }
        impl crate::fault::Timed for $type {
            fn timing(&self) -> crate::fault::Timing<'_> {
                crate::fault::Timing {
                    when: self.when.as_ref(),
                    within: self.within,
                    hold: Some(self.hold),
                    during: &self.during,
                    meanwhile: &self.meanwhile,
                }
            }

            fn timing_mut(&mut self) -> crate::fault::TimingMut<'_> {
                let meanwhile = Some(&mut self.meanwhile);
                crate::fault::TimingMut { when: &mut self.when, during: &mut self.during, meanwhile }
            }
        }
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
        impl crate::fault::Timed for $type {
            fn timing(&self) -> crate::fault::Timing<'_> {
                crate::fault::Timing {
                    when: self.when.as_ref(),
                    within: self.within,
                    hold: None,
                    during: &self.during,
                    meanwhile: &[],
                }
            }

            fn timing_mut(&mut self) -> crate::fault::TimingMut<'_> {
                crate::fault::TimingMut { when: &mut self.when, during: &mut self.during, meanwhile: None }
            }
        }
    };
}

mod battery_low;
mod battery_sag;
mod blackout;
mod brownout;
mod burst_loss;
mod bus_held;
mod button_stuck;
mod cable_unplugged;
mod clock_skew;
mod command_duplicated;
mod command_out_of_order;
mod command_replayed;
mod command_stale;
mod console_flood;
mod console_noise;
mod console_silence;
mod corrupt;
mod delay;
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
mod duplicate;
mod flash_corrupt;
mod halt;
mod http_range_ignored;
mod http_redirect_loop;
mod http_reset;
mod http_slow;
mod http_stale;
mod http_stall;
mod http_status;
mod http_truncated;
mod http_version_drift;
mod http_wrong_length;
mod http_wrong_range;
mod jitter;
mod link_flap;
mod loss;
mod loss_4state;
mod memory_flip;
mod mqtt_credentials_refused;
mod mqtt_disconnect;
mod mqtt_duplicate_puback;
mod mqtt_flood;
mod mqtt_half_open;
mod mqtt_invalid_utf8;
mod mqtt_kicked;
mod mqtt_late_puback;
mod mqtt_malformed;
mod mqtt_no_connack;
mod mqtt_no_pingresp;
mod mqtt_no_puback;
mod mqtt_no_suback;
mod mqtt_oversized;
mod mqtt_redelivery;
mod mqtt_refused;
mod mqtt_retained_garbage;
mod mqtt_session_lost;
mod mqtt_takeover;
mod mqtt_will_storm;
mod mqtt_wrong_puback_id;
mod mtu_black_hole;
mod netem;
mod ntp_kiss_of_death;
mod ntp_next_era;
mod ntp_silence;
mod ntp_unsynchronised;
mod ntp_wrong_time;
mod packet;
mod payload;
mod power_cut;
mod power_flap;
mod probe_lost;
mod ram_decay;
mod rate;
mod register_flip;
mod reorder;
mod reset;
mod sensor_nack;
mod sensor_noisy;
mod sensor_out_of_range;
mod sensor_stuck;
mod service_down;
mod service_restart;
mod service_slow;
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
pub use burst_loss::BurstLoss;
pub use bus_held::BusHeld;
pub use button_stuck::ButtonStuck;
pub use cable_unplugged::CableUnplugged;
pub use clock_skew::ClockSkew;
pub use command_duplicated::CommandDuplicated;
pub use command_out_of_order::CommandOutOfOrder;
pub use command_replayed::CommandReplayed;
pub use command_stale::CommandStale;
pub use console_flood::{ConsoleFlood, FloodOf};
pub use console_noise::{ConsoleNoise, NoiseKind};
pub use console_silence::ConsoleSilence;
pub use corrupt::Corrupt;
pub use delay::Delay;
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
pub use duplicate::Duplicate;
pub use flash_corrupt::{FlashCorrupt, FlashHow};
pub use halt::Halt;
pub use http_range_ignored::HttpRangeIgnored;
pub use http_redirect_loop::HttpRedirectLoop;
pub use http_reset::HttpReset;
pub use http_slow::HttpSlow;
pub use http_stale::HttpStale;
pub use http_stall::HttpStall;
pub use http_status::HttpStatus;
pub use http_truncated::HttpTruncated;
pub use http_version_drift::HttpVersionDrift;
pub use http_wrong_length::HttpWrongLength;
pub use http_wrong_range::HttpWrongRange;
pub use jitter::Jitter;
pub use link_flap::LinkFlap;
pub use loss::RandomLoss;
pub use loss_4state::FourStateLoss;
pub use memory_flip::MemoryFlip;
pub use mqtt_credentials_refused::MqttCredentialsRefused;
pub use mqtt_disconnect::MqttDisconnect;
pub use mqtt_duplicate_puback::MqttDuplicatePuback;
pub use mqtt_flood::MqttFlood;
pub use mqtt_half_open::MqttHalfOpen;
pub use mqtt_invalid_utf8::MqttInvalidUtf8;
pub use mqtt_kicked::MqttKicked;
pub use mqtt_late_puback::MqttLatePuback;
pub use mqtt_malformed::MqttMalformed;
pub use mqtt_no_connack::MqttNoConnack;
pub use mqtt_no_pingresp::MqttNoPingresp;
pub use mqtt_no_puback::MqttNoPuback;
pub use mqtt_no_suback::MqttNoSuback;
pub use mqtt_oversized::MqttOversized;
pub use mqtt_redelivery::MqttRedelivery;
pub use mqtt_refused::MqttRefused;
pub use mqtt_retained_garbage::MqttRetainedGarbage;
pub use mqtt_session_lost::MqttSessionLost;
pub use mqtt_takeover::MqttTakeover;
pub use mqtt_will_storm::MqttWillStorm;
pub use mqtt_wrong_puback_id::MqttWrongPubackId;
pub use mtu_black_hole::MtuBlackHole;
pub use netem::Netem;
pub use ntp_kiss_of_death::NtpKissOfDeath;
pub use ntp_next_era::NtpNextEra;
pub use ntp_silence::NtpSilence;
pub use ntp_unsynchronised::NtpUnsynchronised;
pub use ntp_wrong_time::NtpWrongTime;
pub use packet::{ChosenPacket, PacketFate};
pub use payload::PayloadFault;
pub use power_cut::PowerCut;
pub use power_flap::PowerFlap;
pub use probe_lost::{Leaves, ProbeLost};
pub use ram_decay::RamDecay;
pub use rate::Rate;
pub use register_flip::{Register, RegisterFlip};
pub use reorder::Overtaking;
pub use reset::ResetFault;
pub use sensor_nack::SensorNack;
pub use sensor_noisy::SensorNoisy;
pub use sensor_out_of_range::SensorOutOfRange;
pub use sensor_stuck::SensorStuck;
pub use service_down::ServiceDown;
pub use service_restart::ServiceRestart;
pub use service_slow::ServiceSlow;
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
use crate::network::{Impair, Impairment, Misbehave, Misbehaviour, Traffic};
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
        "delay" => Delay(Delay),
        "jitter" => Jitter(Jitter),
        "loss" => Loss(RandomLoss),
        "burst_loss" => BurstLoss(BurstLoss),
        "loss_4state" => FourStateLoss(FourStateLoss),
        "duplicate" => Duplicate(Duplicate),
        "reorder" => Reorder(Overtaking),
        "corrupt" => Corrupt(Corrupt),
        "rate" => Rate(Rate),
        "netem" => Netem(Netem),
        "packet" => Packet(ChosenPacket),
        "mtu_black_hole" => MtuBlackHole(MtuBlackHole),
        "link_flap" => LinkFlap(LinkFlap),
        "cable_unplugged" => CableUnplugged(CableUnplugged),
        "service_down" => ServiceDown(ServiceDown),
        "service_slow" => ServiceSlow(ServiceSlow),
        "service_restart" => ServiceRestart(ServiceRestart),
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
        "http_status" => HttpStatus(HttpStatus),
        "http_truncated" => HttpTruncated(HttpTruncated),
        "http_reset" => HttpReset(HttpReset),
        "http_stall" => HttpStall(HttpStall),
        "http_slow" => HttpSlow(HttpSlow),
        "http_wrong_length" => HttpWrongLength(HttpWrongLength),
        "http_range_ignored" => HttpRangeIgnored(HttpRangeIgnored),
        "http_wrong_range" => HttpWrongRange(HttpWrongRange),
        "http_redirect_loop" => HttpRedirectLoop(HttpRedirectLoop),
        "http_stale" => HttpStale(HttpStale),
        "http_version_drift" => HttpVersionDrift(HttpVersionDrift),
        "mqtt_refused" => MqttRefused(MqttRefused),
        "mqtt_no_connack" => MqttNoConnack(MqttNoConnack),
        "mqtt_kicked" => MqttKicked(MqttKicked),
        "mqtt_no_puback" => MqttNoPuback(MqttNoPuback),
        "mqtt_no_suback" => MqttNoSuback(MqttNoSuback),
        "mqtt_no_pingresp" => MqttNoPingresp(MqttNoPingresp),
        "mqtt_late_puback" => MqttLatePuback(MqttLatePuback),
        "mqtt_wrong_puback_id" => MqttWrongPubackId(MqttWrongPubackId),
        "mqtt_duplicate_puback" => MqttDuplicatePuback(MqttDuplicatePuback),
        "mqtt_half_open" => MqttHalfOpen(MqttHalfOpen),
        "mqtt_takeover" => MqttTakeover(MqttTakeover),
        "mqtt_disconnect" => MqttDisconnect(MqttDisconnect),
        "mqtt_session_lost" => MqttSessionLost(MqttSessionLost),
        "mqtt_malformed" => MqttMalformed(MqttMalformed),
        "mqtt_oversized" => MqttOversized(MqttOversized),
        "mqtt_invalid_utf8" => MqttInvalidUtf8(MqttInvalidUtf8),
        "mqtt_retained_garbage" => MqttRetainedGarbage(MqttRetainedGarbage),
        "mqtt_redelivery" => MqttRedelivery(MqttRedelivery),
        "mqtt_will_storm" => MqttWillStorm(MqttWillStorm),
        "mqtt_flood" => MqttFlood(MqttFlood),
        "mqtt_credentials_refused" => MqttCredentialsRefused(MqttCredentialsRefused),
        "payload" => Payload(PayloadFault),
        "command_replayed" => CommandReplayed(CommandReplayed),
        "command_stale" => CommandStale(CommandStale),
        "command_out_of_order" => CommandOutOfOrder(CommandOutOfOrder),
        "command_duplicated" => CommandDuplicated(CommandDuplicated),
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
    /// Steps performed while it is in force.
    pub meanwhile: &'a [Step],
}

/// The parts of a fault's timing that a sweep moves.
#[derive(Debug)]
pub struct TimingMut<'a> {
    /// Its trigger.
    pub when: &'a mut Option<Trigger>,
    /// Steps performed while the trigger is awaited.
    pub during: &'a mut Vec<Step>,
    /// Steps performed while it is in force, if it can be.
    pub meanwhile: Option<&'a mut Vec<Step>>,
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

impl Lowered {
    /// Whether it takes the device's power, or varies it.
    pub(crate) fn takes_power(&self) -> bool {
        let of_power = |port| matches!(port, Port::Power | Port::Supply);
        self.arm.is_some()
            || self.inject.iter().any(|step| matches!(step, Move::Do(action) if of_power(action.port())))
    }
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

    /// What it does to the link.
    fn impairs(&self) -> Option<Impair> {
        None
    }

    /// Why its parameters do not go together.
    fn objection(&self) -> Option<Objection> {
        None
    }
}

/// Why the parameters of a fault do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objection {
    /// The parameter that is in the way; none where one is missing.
    pub field: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Objection {
    fn to(field: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { field: Some(field), message: message.into(), help: help.into() }
    }

    fn to_the_whole(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { field: None, message: message.into(), help: help.into() }
    }
}

/// What a fault may draw upon while it is lowered.
#[derive(Clone, Copy, Debug)]
pub struct Lowering<'a> {
    /// Feeds whatever is random about it.
    pub seed: u64,
    /// The device's name.
    pub dut: &'a Dut,
    /// What is known of the device: its symbols, its inputs, what can be said to it.
    pub board: &'a BoardPlan,
}

impl Lowering<'_> {
    /// The sound command from which an unsound one is made: what is written, or that of the board file.
    fn sound(&self, written: Option<&String>) -> String {
        written.cloned().unwrap_or_else(|| self.board.sample(self.dut))
    }
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

/// A fault of the cable, in force until it is taken back: it bit when the device's end of it lost its link.
fn pull(name: &str, how: Impair, hold: Duration) -> Lowered {
    let mut lowered = impair(name, how, hold);
    lowered.confirm.evidence = Evidence::of(
        |of, what| matches!(what, What::Traffic { dut, seen: Traffic::Carrier { up: false } } if dut == of),
    );
    lowered.confirm.text = "the device's end of the cable never lost its link";
    lowered
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
