//! What the fuzz targets share.
//!
//! An input is the plain bytes that a user could hand over, so that every sample is a seed and
//! every finding can be tried with the program itself. What else varies (sizes of blocks, places
//! that are picked) is thrown with [`Dice`] that are filled from the bytes.

use std::alloc::System;
use std::panic;
use std::sync::Once;

use cap::Cap;

pub mod engine;
pub mod events;
pub mod tls;
pub mod wire;

/// Counts what is allocated, so that a target can state how much an input may cost.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// Runs `work`, which may allocate so many bytes at a time; more ends the process.
pub fn within<T>(bytes: usize, work: impl FnOnce() -> T) -> T {
    // what a panic prints has to fit as well
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let _ = MEMORY.set_limit(usize::MAX);
            print(info);
        }));
    });
    // cannot fail: the new limit lies above what is allocated
    let _ = MEMORY.set_limit(MEMORY.allocated() + bytes);
    let result = work();
    let _ = MEMORY.set_limit(usize::MAX);
    result
}

/// Separates the parts of an input that has several: a line of its own.
pub const SEPARATOR: &[u8] = b"\n%%\n";

/// The part before the first separator and the part behind it.
pub fn parts(data: &[u8]) -> (&[u8], &[u8]) {
    data.windows(SEPARATOR.len())
        .position(|window| window == SEPARATOR)
        .map_or((data, &[]), |at| {
            (&data[..at + 1], &data[at + SEPARATOR.len()..])
        })
}

/// Numbers that look random and follow from the input alone (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// Dice for an input.
    pub fn of(data: &[u8]) -> Self {
        // FNV-1a
        Self(data.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
        }))
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 1) as usize % n.max(1)
    }

    /// A size: now tiny, now large.
    pub fn size(&mut self) -> usize {
        let most = [3, 40, 700, 9000][self.below(4)];
        1 + self.below(most)
    }

    /// `bytes` in blocks of any size.
    pub fn blocks<'d>(&mut self, mut bytes: &'d [u8]) -> Vec<&'d [u8]> {
        let size = self.size();
        let mut blocks = Vec::new();
        while !bytes.is_empty() {
            let (block, rest) = bytes.split_at((1 + self.below(size * 2)).min(bytes.len()));
            blocks.push(block);
            bytes = rest;
        }
        blocks
    }
}
