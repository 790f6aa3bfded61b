//! Who has which address, and until when: all that a DHCP server must not forget.

use crate::plan;
use brownout_core::time::{Duration, Instant};
use core::net::Ipv4Addr;
use std::collections::BTreeMap;

/// How many addresses there are to lease, from [`plan::FIRST_LEASE`] on.
pub const POOL: u8 = 100;

/// How long an address is kept for a client to whom it was offered.
const OFFERED: Duration = Duration::from_secs(60);

/// How long an address is left alone of which a client said that somebody else uses it.
const DECLINED: Duration = Duration::from_secs(600);

/// What a client is known by: its client identifier (RFC 2132 section 9.14), or the type and address of its hardware,
/// which is what most make that identifier of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Client(pub(super) Vec<u8>);

/// The lease table: plain, and complete. No two clients in it have the same address, so it cannot grow beyond the pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leases {
    clients: BTreeMap<Client, Lease>,
    declined: BTreeMap<Ipv4Addr, Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Lease {
    address: Ipv4Addr,
    /// Until then nobody else gets it; afterwards it is this client's for as long as there are others to give.
    until: Instant,
    /// It was leased, not only offered.
    bound: bool,
    /// It is another than the client had, and was given to it against its will.
    moved: bool,
}

impl Leases {
    /// An address for a client: its own if it has one, else what it asks for, else any. `None` if all are taken.
    pub(super) fn offer(
        &mut self,
        now: Instant,
        client: &Client,
        asked: Option<Ipv4Addr>,
    ) -> Option<Ipv4Addr> {
        if let Some(lease) = self.clients.get_mut(client) {
            lease.until = lease.until.max(now + OFFERED);
            return Some(lease.address);
        }
        let asked = asked.filter(|address| in_pool(*address) && self.is_free(now, *address));
        let address = asked.or_else(|| self.find(now))?;
        self.clients.retain(|_, lease| lease.address != address);
        let lease = Lease { address, until: now + OFFERED, bound: false, moved: false };
        self.clients.insert(client.clone(), lease);
        Some(address)
    }

    /// The address that a client has or was offered.
    pub(super) fn address_of(&self, client: &Client) -> Option<Ipv4Addr> {
        self.clients.get(client).map(|lease| lease.address)
    }

    /// Whether the address of a client is another than it had, because of [`Self::move_all`].
    pub(super) fn is_moved(&self, client: &Client) -> bool {
        self.clients.get(client).is_some_and(|lease| lease.moved)
    }

    /// A client takes the address that it has or was offered.
    pub(super) fn bind(&mut self, now: Instant, client: &Client, length: Duration) {
        if let Some(lease) = self.clients.get_mut(client) {
            lease.until = now + length;
            lease.bound = true;
        }
    }

    /// A client took another server's offer.
    pub(super) fn withdraw(&mut self, client: &Client) {
        if self.clients.get(client).is_some_and(|lease| !lease.bound) {
            self.clients.remove(client);
        }
    }

    /// A client gives its address back. It gets the same again if nobody takes it meanwhile.
    pub(super) fn release(&mut self, now: Instant, client: &Client, address: Ipv4Addr) {
        if let Some(lease) = self.clients.get_mut(client).filter(|lease| lease.address == address) {
            lease.until = now;
        }
    }

    /// A client found that somebody else uses its address.
    pub(super) fn decline(&mut self, now: Instant, client: &Client, address: Ipv4Addr) {
        if self.address_of(client) == Some(address) {
            self.clients.remove(client);
            self.declined.insert(address, now + DECLINED);
        }
    }

    /// Every client gets another address than it has, as far as there are free ones.
    pub(super) fn move_all(&mut self, now: Instant) {
        let clients: Vec<Client> = self.clients.keys().cloned().collect();
        for client in clients {
            let Some(before) = self.address_of(&client) else { continue };
            let Some(address) = self.find(now).filter(|address| *address != before) else { continue };
            self.clients.retain(|_, lease| lease.address != address);
            let lease = Lease { address, until: now + OFFERED, bound: false, moved: true };
            self.clients.insert(client, lease);
        }
    }

    /// From now on everybody has the address that he has.
    pub(super) fn settle(&mut self) {
        self.clients.values_mut().for_each(|lease| lease.moved = false);
    }

    /// An address for somebody: one that nobody had before, or else the one whose lease ended first.
    fn find(&self, now: Instant) -> Option<Ipv4Addr> {
        let free = || pool().filter(|address| self.is_free(now, *address));
        let held = |address: Ipv4Addr| self.clients.values().find(|lease| lease.address == address);
        free()
            .find(|address| held(*address).is_none())
            .or_else(|| free().min_by_key(|address| held(*address).map(|lease| lease.until)))
    }

    fn is_free(&self, now: Instant, address: Ipv4Addr) -> bool {
        let taken = self.clients.values().any(|lease| lease.address == address && lease.until > now);
        let declined = self.declined.get(&address).is_some_and(|until| *until > now);
        !taken && !declined
    }
}

fn pool() -> impl Iterator<Item = Ipv4Addr> {
    let first = u32::from(plan::FIRST_LEASE);
    (0..u32::from(POOL)).map(move |n| Ipv4Addr::from(first + n))
}

fn in_pool(address: Ipv4Addr) -> bool {
    let first = u32::from(plan::FIRST_LEASE);
    (first..first + u32::from(POOL)).contains(&u32::from(address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const NOW: Instant = Instant(1_000_000_000);
    const HOUR: Duration = Duration::from_secs(3600);

    fn client(n: u8) -> Client {
        Client(vec![1, n])
    }

    fn after(seconds: u64) -> Instant {
        NOW + Duration::from_secs(seconds)
    }

    #[test]
    fn a_client_keeps_its_address_and_others_get_others() {
        let mut leases = Leases::default();
        let first = leases.offer(NOW, &client(1), None).unwrap();
        assert_eq!(first, plan::FIRST_LEASE);
        leases.bind(NOW, &client(1), HOUR);
        assert_ne!(leases.offer(NOW, &client(2), Some(first)), Some(first));
        assert_eq!(leases.offer(after(7200), &client(1), None), Some(first), "it ended and nobody wanted it");
    }

    #[test]
    fn what_is_asked_for_is_given_if_it_is_free() {
        let mut leases = Leases::default();
        let wish = Ipv4Addr::new(10, 77, 0, 142);
        assert_eq!(leases.offer(NOW, &client(1), Some(wish)), Some(wish));
        assert_eq!(
            leases.offer(NOW, &client(2), Some(plan::GATEWAY)),
            Some(plan::FIRST_LEASE),
            "not of the pool"
        );
    }

    #[test]
    fn one_that_is_used_by_somebody_else_is_left_alone_for_a_while() {
        let mut leases = Leases::default();
        let first = leases.offer(NOW, &client(1), None).unwrap();
        leases.decline(NOW, &client(1), first);
        assert_ne!(leases.offer(NOW, &client(1), Some(first)), Some(first));
        assert_eq!(leases.offer(after(601), &client(2), Some(first)), Some(first));
    }

    #[test]
    fn when_all_are_taken_there_is_none_until_one_ends() {
        let mut leases = Leases::default();
        for n in 0..POOL {
            assert!(leases.offer(NOW, &client(n), None).is_some());
            leases.bind(NOW, &client(n), HOUR);
        }
        assert_eq!(leases.offer(NOW, &client(200), None), None);
        leases.release(after(1), &client(7), leases.address_of(&client(7)).unwrap());
        let freed = leases.address_of(&client(7));
        assert_eq!(leases.offer(after(2), &client(200), None), freed);
        assert_eq!(leases.address_of(&client(7)), None);
    }

    proptest! {
        #[test]
        fn no_two_have_the_same_and_the_table_stays_small(
            deeds in proptest::collection::vec((0..6_u8, any::<u8>(), any::<u8>(), 0..2_000_u64), 0..400),
        ) {
            let mut leases = Leases::default();
            let mut now = NOW;
            for (deed, who, last, later) in deeds {
                now = now + Duration::from_secs(later);
                let (who, address) = (client(who), Ipv4Addr::new(10, 77, 0, last));
                match deed {
                    0 | 1 => drop(leases.offer(now, &who, Some(address))),
                    2 => leases.bind(now, &who, HOUR),
                    3 => leases.release(now, &who, address),
                    4 => leases.decline(now, &who, address),
                    _ => leases.move_all(now),
                }
                let addresses: BTreeSet<_> = leases.clients.values().map(|lease| lease.address).collect();
                prop_assert_eq!(addresses.len(), leases.clients.len());
                prop_assert!(addresses.iter().all(|address| in_pool(*address)));
                prop_assert!(leases.declined.len() <= usize::from(POOL));
            }
        }
    }
}
