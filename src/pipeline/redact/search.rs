//! Whether anything is left in what was written.

use std::ops::ControlFlow;

use super::Job;
use crate::redact::leak::{Leak, OVERLAP, Search};
use crate::source::{self, Gap, Input, Visitor};

/// Bytes looked at at a time.
const BLOCK: usize = 256 << 10;

/// Looks through everything of a selection: names and bytes of every member, unpacked.
/// `prefix` is where they stand, which the user named.
pub fn search(job: Job<'_>, search: &Search, prefix: &str) -> Vec<(String, Leak)> {
    let mut seeker = Seeker {
        search,
        prefix,
        leaks: Vec::new(),
    };
    source::walk(job.selection, job.limits, &|_| (), job.stop, &mut seeker);
    seeker.leaks
}

struct Seeker<'s> {
    search: &'s Search,
    prefix: &'s str,
    leaks: Vec<(String, Leak)>,
}

impl Visitor for Seeker<'_> {
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()> {
        let name = input.origin.as_str();
        let name = name.strip_prefix(self.prefix).unwrap_or(name);
        let name = name.trim_start_matches(['/', '!']).to_owned();
        let mut leaks = Vec::new();
        self.search
            .bytes(name.as_bytes(), 0..name.len(), 0, &mut leaks);
        let mut held: Vec<u8> = Vec::new();
        let mut base = 0_u64;
        let mut buffer = vec![0; BLOCK];
        // what begins near the end of a block is judged with the next one, when all around it is there
        let mut first = 0;
        loop {
            let read = input.reader.read(&mut buffer).unwrap_or(0);
            held.extend_from_slice(buffer.get(..read).unwrap_or_default());
            let last = match read {
                0 => held.len(),
                _ => held.len().saturating_sub(OVERLAP).max(first),
            };
            self.search.bytes(&held, first..last, base, &mut leaks);
            if read == 0 {
                break;
            }
            let kept = last.saturating_sub(OVERLAP);
            first = last - kept;
            base += kept as u64;
            held.drain(..kept);
        }
        self.leaks
            .extend(leaks.into_iter().map(|leak| (name.clone(), leak)));
        ControlFlow::Continue(())
    }

    fn gap(&mut self, _: Gap) {}
}
