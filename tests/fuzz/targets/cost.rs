//! What an input may cost: the part behind `%%` (or all of it) is repeated to 96 KiB and
//! diagnosed. What takes suspiciously long for that is repeated to half a MiB: the time of the
//! processor and the memory have to stay in proportion.
#![no_main]

use std::fs;
use std::time::{Duration, Instant};

use clusterdx::pipeline::Engine;
use clusterdx_fuzz::engine::{collect, diagnoser, options, select, write};
use clusterdx_fuzz::{parts, within};
use libfuzzer_sys::fuzz_target;

/// Bytes of the text, and what reading it may allocate at a time.
const SHORT: (usize, usize) = (96 << 10, 64 << 20);
const LONG: (usize, usize) = (512 << 10, 192 << 20);
/// Ordinary short texts take less. What grows with the square of the length and takes as long as
/// `LIMIT` for a long one takes 140 ms for a short one.
const SUSPICIOUS: Duration = Duration::from_millis(50);
/// Ordinary long texts take some hundredths of it; what grows with the square of the length takes
/// many times as much.
const LIMIT: Duration = Duration::from_secs(4);

fuzz_target!(|data: &[u8]| {
    let (first, again) = parts(data);
    let (first, again) = if again.is_empty() {
        (again, first)
    } else {
        (first, again)
    };
    if again.is_empty() {
        return;
    }
    // what is made ready once is no cost of this input
    diagnoser();
    if cost(first, again, SHORT) > SUSPICIOUS {
        let long = cost(first, again, LONG);
        assert!(long < LIMIT, "{long:?} for {} KiB", LONG.0 >> 10);
    }
});

/// Diagnoses a text of this length within this memory and says how long the processor took.
fn cost(first: &[u8], again: &[u8], (length, memory): (usize, usize)) -> Duration {
    let mut text = first.to_vec();
    while text.len() < length {
        text.extend_from_slice(again);
    }
    let path = write("log.txt", &text);
    let selection = select(&[&path]);
    within(memory, || {
        let (wall, before) = (Instant::now(), spent());
        let collected = collect(diagnoser(), &selection, &Engine::default());
        diagnoser().judge(&collected, &options());
        let spent = spent().zip(before).map(|(now, before)| now - before);
        spent.unwrap_or_else(|| wall.elapsed())
    })
}

/// Time of the processor that this thread has used, where the system tells: other processes do
/// not count.
fn spent() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}
