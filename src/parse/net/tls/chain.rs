//! Chains of certificates as one side sends them.
//!
//! A capture holds many handshakes and few chains: what a chain says is read once and shared. That
//! costs a comparison of its bytes instead of the work on ASN.1, and conversations keep a pointer
//! instead of kilobytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::time::SECOND;
use crate::parse::net::cert::Certificate;

/// Certificates of a chain that are read; the others are counted.
const MAX_READ: usize = 16;
/// Bytes of chains that are remembered.
const MAX_KNOWN: usize = 4 << 20;

/// A chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// Number of certificates.
    pub(super) length: usize,
    /// The first one, which is its owner's; `None` when it cannot be read.
    pub(super) leaf: Option<Certificate>,
    /// From this second on every one is valid.
    begins: Option<i64>,
    /// The last second in which every one is valid.
    ends: Option<i64>,
}

impl Chain {
    /// A chain from certificates in DER, the leaf first.
    pub(super) fn read<'d>(certificates: impl ExactSizeIterator<Item = &'d [u8]>) -> Self {
        let length = certificates.len();
        let found: Vec<Option<Certificate>> = certificates
            .take(MAX_READ)
            .map(Certificate::from_der)
            .collect();
        let readable = || found.iter().flatten();
        Self {
            length,
            begins: readable().map(|certificate| certificate.not_before).max(),
            ends: readable().map(|certificate| certificate.not_after).min(),
            leaf: found.into_iter().next().flatten(),
        }
    }

    /// One of them was out of date at a time in microseconds.
    pub(super) fn expired(&self, at: i64) -> Option<bool> {
        self.ends.map(|ends| at.div_euclid(SECOND) > ends)
    }

    /// One of them was not valid yet at a time in microseconds.
    pub(super) fn not_yet_valid(&self, at: i64) -> Option<bool> {
        self.begins.map(|begins| at.div_euclid(SECOND) < begins)
    }

    /// One of them was not valid at a time in microseconds.
    pub(super) fn out_of_date(&self, at: i64) -> bool {
        self.expired(at) == Some(true) || self.not_yet_valid(at) == Some(true)
    }
}

/// Chains by the bytes of the message that holds them. What is remembered changes no result, only
/// how often the same bytes are read.
#[derive(Default)]
struct Memory {
    chains: HashMap<Box<[u8]>, Arc<Chain>, foldhash::fast::RandomState>,
    bytes: usize,
}

static MEMORY: Mutex<Option<Memory>> = Mutex::new(None);

/// The chain of a message, read only when it is new.
pub(super) fn known(message: &[u8], read: impl FnOnce() -> Chain) -> Arc<Chain> {
    let mut memory = MEMORY.lock().unwrap_or_else(PoisonError::into_inner);
    let memory = memory.get_or_insert_default();
    if let Some(chain) = memory.chains.get(message) {
        return Arc::clone(chain);
    }
    let chain = Arc::new(read());
    if memory.bytes + message.len() > MAX_KNOWN {
        *memory = Memory::default();
    }
    memory.bytes += message.len();
    memory.chains.insert(message.into(), Arc::clone(&chain));
    chain
}
