//! The connections that are followed at a time, found by their ends.
//!
//! Memory is bounded by the number of them. When there is no room, a hand goes round and takes
//! the first connection that was not used since it last passed by: the second chance algorithm.
//! Ended connections stay a while, for what still comes of them.

use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::conn::{Conn, End};
use crate::model::time::SECOND;

/// Microseconds for which an ended connection stays.
const LINGER: i64 = 10 * SECOND;
/// Ended connections that stay at most.
const LINGERING: usize = 1024;

/// A connection that ended: its place, its number and when that was.
#[derive(Clone, Copy, Debug)]
struct Ended {
    slot: u32,
    number: u64,
    at: i64,
}

/// A place for a connection.
#[derive(Debug, Default)]
struct Slot {
    conn: Option<Conn>,
    /// The how manieth connection it is: a place is used again.
    number: u64,
}

/// The connections.
#[derive(Debug)]
pub(super) struct Table {
    places: HashTable<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    ended: VecDeque<Ended>,
    hasher: RandomState,
    capacity: usize,
    hand: usize,
    numbers: u64,
}

impl Table {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            places: HashTable::new(),
            slots: Vec::new(),
            free: Vec::new(),
            ended: VecDeque::new(),
            hasher: RandomState::default(),
            capacity: capacity.clamp(1, u32::MAX as usize),
            hand: 0,
            numbers: 0,
        }
    }

    /// A hash that does not depend on who is who.
    fn hash(&self, a: End, b: End) -> u64 {
        symmetric(&self.hasher, a, b)
    }

    /// The place of the connection between two ends.
    pub(super) fn find(&self, a: End, b: End) -> Option<u32> {
        let fits = |slot: &u32| self.at(*slot).is_some_and(|conn| conn.is_between(a, b));
        self.places.find(self.hash(a, b), fits).copied()
    }

    fn at(&self, slot: u32) -> Option<&Conn> {
        self.slots.get(slot as usize)?.conn.as_ref()
    }

    /// The connection at a place.
    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut Conn> {
        self.slots.get_mut(slot as usize)?.conn.as_mut()
    }

    /// The connection at a place, if it is still the one with this number.
    pub(super) fn numbered(&mut self, slot: u32, number: u64) -> Option<&mut Conn> {
        let slot = self.slots.get_mut(slot as usize)?;
        slot.conn.as_mut().filter(|_| slot.number == number)
    }

    /// The number of the connection at a place.
    pub(super) fn number(&self, slot: u32) -> u64 {
        self.slots.get(slot as usize).map_or(0, |slot| slot.number)
    }

    /// True when another connection has no room.
    pub(super) fn is_full(&self) -> bool {
        self.places.len() >= self.capacity
    }

    /// Adds a connection.
    pub(super) fn insert(&mut self, conn: Conn) -> u32 {
        let hash = self.hash(conn.originator, conn.responder);
        self.numbers += 1;
        let slot = Slot {
            conn: Some(conn),
            number: self.numbers,
        };
        let place = match self.free.pop() {
            Some(place) => {
                if let Some(old) = self.slots.get_mut(place as usize) {
                    *old = slot;
                }
                place
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        };
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.places.insert_unique(hash, place, |slot| {
            let conn = slots
                .get(*slot as usize)
                .and_then(|slot| slot.conn.as_ref());
            conn.map_or(0, |conn| symmetric(hasher, conn.originator, conn.responder))
        });
        place
    }

    /// Takes a connection out.
    pub(super) fn remove(&mut self, slot: u32) -> Option<Conn> {
        let conn = self.slots.get_mut(slot as usize)?.conn.take()?;
        let hash = self.hash(conn.originator, conn.responder);
        if let Ok(entry) = self.places.find_entry(hash, |place| *place == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(conn)
    }

    /// The connection has ended at this time.
    pub(super) fn end(&mut self, slot: u32, at: Option<i64>) {
        let number = self.number(slot);
        let at = at.unwrap_or(i64::MIN);
        self.ended.push_back(Ended { slot, number, at });
    }

    /// Takes an ended connection that has stayed long enough.
    pub(super) fn settled(&mut self, now: Option<i64>) -> Option<Conn> {
        loop {
            let Ended { slot, number, at } = *self.ended.front()?;
            let long = now.is_some_and(|now| now.saturating_sub(at) > LINGER);
            if !long && self.ended.len() <= LINGERING {
                return None;
            }
            self.ended.pop_front();
            if self.numbered(slot, number).is_some() {
                return self.remove(slot);
            }
        }
    }

    /// Takes the connection that can be missed most.
    pub(super) fn oldest(&mut self) -> Option<Conn> {
        // after one round every connection has lost its second chance
        for _ in 0..=self.slots.len() * 2 {
            let slot = self.hand;
            self.hand = (self.hand + 1) % self.slots.len().max(1);
            let place = u32::try_from(slot).unwrap_or(u32::MAX);
            match self.get_mut(place) {
                Some(conn) if conn.fresh => conn.fresh = false,
                Some(_) => return self.remove(place),
                None => {}
            }
        }
        None
    }

    /// All of them, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = &Conn> {
        self.slots.iter().filter_map(|slot| slot.conn.as_ref())
    }

    /// The places of all of them, in the order in which they began.
    pub(super) fn in_order(&self) -> Vec<u32> {
        let first = |conn: &Conn| super::flow::Moment::from(conn.course.first).number;
        let slots = (0u32..).zip(&self.slots);
        let conns = slots.filter_map(|(place, slot)| Some((first(slot.conn.as_ref()?), place)));
        let mut places: Vec<(u64, u32)> = conns.collect();
        places.sort_unstable();
        places.into_iter().map(|(_, place)| place).collect()
    }
}

/// A hash of two ends that does not depend on who is who.
fn symmetric(hasher: &RandomState, a: End, b: End) -> u64 {
    // two numbers are hashed faster than the parts of an address
    let one = |(address, port): End| match address {
        IpAddr::V4(address) => {
            hasher.hash_one((u64::from(u32::from(address)) << 16) | u64::from(port))
        }
        IpAddr::V6(address) => hasher.hash_one((u128::from(address), port)),
    };
    one(a).wrapping_add(one(b))
}
