//! Queueing disciplines of an interface (tc(8)), by routing messages.

use super::options::Options;
use crate::link::netlink::{
    Attributes, Message, Netlink, Refusal, Request, attribute, flag, native, u32_at, u64_of,
};

const RTM_NEWQDISC: u16 = 36;
const RTM_DELQDISC: u16 = 37;
const RTM_GETQDISC: u16 = 38;
const RTM_NEWTFILTER: u16 = 44;

const TC_H_ROOT: u32 = 0xffff_ffff;
const TC_H_INGRESS: u32 = 0xffff_fff1;
const INGRESS: u32 = 0xffff_0000;

const TCA_KIND: u16 = 1;
const TCA_OPTIONS: u16 = 2;
const TCA_STATS2: u16 = 7;
const TCA_STATS_BASIC: u16 = 1;
const TCA_STATS_QUEUE: u16 = 3;
const TCA_STATS_PKT64: u16 = 8;
const TCA_MATCHALL_ACT: u16 = 2;
const TCA_ACT_KIND: u16 = 1;
const TCA_ACT_OPTIONS: u16 = 2;
const TCA_MIRRED_PARMS: u16 = 2;
const TCA_EGRESS_REDIR: u32 = 1;
const TC_ACT_STOLEN: u32 = 4;
const ETH_P_ALL: u16 = 3;

/// The handle of ours, by which it is known again: `6272:`, "br".
pub(super) const OURS: u32 = 0x6272_0000;

/// `struct tcmsg`.
const TCMSG: usize = 20;

/// What a queueing discipline counted since it was made, and holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Packets that left it, copies among them.
    pub(crate) packets: u64,
    /// Bytes of them.
    pub(crate) bytes: u64,
    /// Packets that it dropped.
    pub(crate) dropped: u64,
    /// netem: packets that it put before others.
    pub(crate) overtaking: u64,
    /// Packets that it holds.
    pub(crate) held: u64,
    /// How often it had to wait for its rate. netem counts packets that found no room here too.
    pub(crate) overlimits: u64,
}

/// A queueing discipline as the kernel tells it.
#[derive(Clone, Debug)]
pub(crate) struct Qdisc {
    pub(crate) kind: String,
    pub(crate) handle: u32,
    pub(crate) options: Vec<u8>,
    pub(crate) counted: Counted,
}

impl Qdisc {
    fn of(message: &Message) -> Option<Self> {
        if message.kind != RTM_NEWQDISC {
            return None;
        }
        let handle = u32_at(&message.body, 8)?;
        let attributes = message.body.get(TCMSG..)?;
        let kind = attribute(attributes, TCA_KIND)?;
        let kind = kind.split(|byte| *byte == 0).next().unwrap_or_default();
        let statistics = attribute(attributes, TCA_STATS2).unwrap_or_default();
        Some(Self {
            kind: String::from_utf8_lossy(kind).into_owned(),
            handle,
            options: attribute(attributes, TCA_OPTIONS).unwrap_or_default().to_vec(),
            counted: Counted::of(statistics),
        })
    }
}

impl Counted {
    fn of(statistics: &[u8]) -> Self {
        let basic = attribute(statistics, TCA_STATS_BASIC).unwrap_or_default();
        let queue = attribute(statistics, TCA_STATS_QUEUE).unwrap_or_default();
        // `struct gnet_stats_queue`: qlen, backlog, drops, requeues, overlimits.
        let of_queue = |at: usize| u64::from(u32_at(queue, at * 4).unwrap_or(0));
        let long = attribute(statistics, TCA_STATS_PKT64).and_then(u64_of);
        Self {
            packets: long.unwrap_or_else(|| u64::from(u32_at(basic, 8).unwrap_or(0))),
            bytes: u64_of(basic).unwrap_or(0),
            dropped: of_queue(2),
            overtaking: of_queue(3),
            held: of_queue(0),
            overlimits: of_queue(4),
        }
    }
}

/// The head of a message about the queueing discipline of an interface.
fn tcmsg(interface: u32, handle: u32, parent: u32, info: u32) -> Vec<u8> {
    native(&[0, interface, handle, parent, info])
}

/// Sets our netem at the root of an interface: makes it, or changes it in place, where packets that wait stay. Gives it
/// as it stands now.
pub(super) fn set(
    netlink: &mut Netlink,
    interface: u32,
    options: &Options,
) -> Result<Option<Qdisc>, Refusal> {
    let attributes = Attributes::default().text(TCA_KIND, "netem").bytes(TCA_OPTIONS, &options.encode());
    let told = netlink.ask(&Request {
        kind: RTM_NEWQDISC,
        flags: flag::CREATE | flag::REPLACE | flag::ECHO,
        head: &tcmsg(interface, OURS, TC_H_ROOT, 0),
        attributes: &attributes,
    })?;
    // Where it takes another's place, that one is told first.
    Ok(told.iter().filter_map(Qdisc::of).find(|qdisc| qdisc.handle == OURS))
}

/// Takes the queueing discipline at the root away; packets that wait in it are dropped.
pub(super) fn delete(netlink: &mut Netlink, interface: u32) -> Result<(), Refusal> {
    let head = tcmsg(interface, 0, TC_H_ROOT, 0);
    let attributes = Attributes::default();
    netlink.ask(&Request { kind: RTM_DELQDISC, flags: 0, head: &head, attributes: &attributes }).map(drop)
}

/// The queueing discipline at the root of an interface.
pub(super) fn root(netlink: &mut Netlink, interface: u32) -> Result<Option<Qdisc>, Refusal> {
    let told = netlink.ask(&Request {
        kind: RTM_GETQDISC,
        flags: flag::ECHO,
        head: &tcmsg(interface, 0, TC_H_ROOT, 0),
        attributes: &Attributes::default(),
    })?;
    Ok(told.iter().find_map(Qdisc::of))
}

/// Hands everything that arrives at an interface to another one, whose egress it becomes.
pub(super) fn redirect_ingress(netlink: &mut Netlink, from: u32, to: u32) -> Result<(), Refusal> {
    let head = tcmsg(from, INGRESS, TC_H_INGRESS, 0);
    let attributes = Attributes::default().text(TCA_KIND, "ingress");
    let flags = flag::CREATE | flag::EXCL;
    netlink.ask(&Request { kind: RTM_NEWQDISC, flags, head: &head, attributes: &attributes })?;
    // `struct tc_mirred`: index, capabilities, action, two counts of users, what to do, interface.
    let redirect =
        Attributes::default().words(TCA_MIRRED_PARMS, &[0, 0, TC_ACT_STOLEN, 0, 0, TCA_EGRESS_REDIR, to]);
    let action = Attributes::default().text(TCA_ACT_KIND, "mirred").nest(TCA_ACT_OPTIONS, &redirect);
    let first = Attributes::default().nest(1, &action);
    let all = Attributes::default().nest(TCA_MATCHALL_ACT, &first);
    let attributes = Attributes::default().text(TCA_KIND, "matchall").nest(TCA_OPTIONS, &all);
    let priority_and_protocol = 1 << 16 | u32::from(ETH_P_ALL.to_be());
    let head = tcmsg(from, 0, INGRESS, priority_and_protocol);
    netlink.ask(&Request { kind: RTM_NEWTFILTER, flags, head: &head, attributes: &attributes }).map(drop)
}

/// Takes [`redirect_ingress`] back.
pub(super) fn end_redirection(netlink: &mut Netlink, from: u32) -> Result<(), Refusal> {
    let head = tcmsg(from, INGRESS, TC_H_INGRESS, 0);
    let attributes = Attributes::default();
    netlink.ask(&Request { kind: RTM_DELQDISC, flags: 0, head: &head, attributes: &attributes }).map(drop)
}
