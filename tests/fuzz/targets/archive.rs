//! Containers nested in any way: limits hold, origins stay below the file that was given, and
//! how much of a member is read changes nothing for the others.
#![no_main]

use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

use clusterdx::model::report::ReadStatus;
use clusterdx::source::{Gap, Input, Limits, Visitor, walk};
use clusterdx_fuzz::engine::{select, write};
use clusterdx_fuzz::{Dice, within};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        depth: 3,
        members: 40,
        total_bytes: 1 << 20,
        member_bytes: 64 << 10,
        ratio: 50,
        ratio_from: 64 << 10,
        path_bytes: 64,
        nested_zip_bytes: 64 << 10,
        window_bytes: 1 << 20,
    };
    let path = write("input", data);
    let top = path.to_str().expect("a plain path");
    let selection = select(&[&path]);
    // four bzip2 streams in each other take 15 MiB
    within(20 << 20, || {
        let look = |how: How| {
            let mut seen = Seen::new(top, &limits, how, Dice::of(data));
            let never = AtomicBool::new(false);
            walk(&selection, &limits, &|_| (), &never, &mut seen);
            seen.held()
        };
        let full = look(How::Whole);
        let blocks = look(How::Blocks);
        assert_eq!(
            blocks.members, full.members,
            "sizes of reads change members"
        );
        assert_eq!(blocks.gaps, full.gaps, "sizes of reads change gaps");
        if !full.limited {
            let part = look(How::Part);
            let names = |seen: &Seen<'_>| {
                seen.members
                    .iter()
                    .map(|m| (m.origin.clone(), m.modified))
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                names(&part),
                names(&full),
                "reading in part changes members"
            );
        }
    });
});

/// How members are read.
#[derive(Clone, Copy, PartialEq)]
enum How {
    Whole,
    Blocks,
    Part,
}

#[derive(Debug, PartialEq)]
struct Member {
    origin: String,
    modified: Option<i64>,
    bytes: Vec<u8>,
    error: Option<String>,
}

struct Seen<'a> {
    top: &'a str,
    limits: &'a Limits,
    how: How,
    dice: Dice,
    members: Vec<Member>,
    gaps: Vec<Gap>,
    /// A limit kept something from being read.
    limited: bool,
}

impl<'a> Seen<'a> {
    fn new(top: &'a str, limits: &'a Limits, how: How, dice: Dice) -> Self {
        Self {
            top,
            limits,
            how,
            dice,
            members: Vec::new(),
            gaps: Vec::new(),
            limited: false,
        }
    }

    fn origin(&self, origin: &str) {
        let rest = origin
            .strip_prefix(self.top)
            .expect("an origin below the given file");
        assert!(
            rest.is_empty() || rest.starts_with("!/"),
            "{origin} is beside the given file"
        );
        let containers = self.limits.depth as usize + 1;
        let longest = containers * (self.limits.path_bytes + 16);
        assert!(rest.len() <= longest, "{} bytes of origin", rest.len());
    }

    fn held(self) -> Self {
        let total: usize = self.members.iter().map(|member| member.bytes.len()).sum();
        assert!(
            self.members.len() as u64 <= self.limits.members,
            "too many members"
        );
        assert!(total as u64 <= self.limits.total_bytes, "too many bytes");
        self
    }
}

impl Visitor for Seen<'_> {
    fn input(&mut self, input: Input<'_>) -> ControlFlow<()> {
        self.origin(input.origin.as_str());
        let mut member = Member {
            origin: input.origin.as_str().to_owned(),
            modified: input.modified,
            bytes: Vec::new(),
            error: None,
        };
        let wanted = match self.how {
            How::Part => self.dice.size() - 1,
            _ => usize::MAX,
        };
        while member.bytes.len() < wanted {
            let size = if self.how == How::Whole {
                32 << 10
            } else {
                self.dice.size()
            };
            let mut buffer = vec![0; size];
            match input.reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => member.bytes.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    self.limited |= error.kind() == ErrorKind::QuotaExceeded;
                    member.error = Some(error.to_string());
                    break;
                }
            }
        }
        assert!(
            member.bytes.len() as u64 <= self.limits.member_bytes,
            "a member is too long"
        );
        self.members.push(member);
        ControlFlow::Continue(())
    }

    fn gap(&mut self, gap: Gap) {
        self.origin(gap.origin.as_str());
        assert!(
            gap.status != ReadStatus::Read && !gap.note.is_empty(),
            "{gap:?}"
        );
        self.limited |= gap.note.contains("limit");
        self.gaps.push(gap);
    }
}
