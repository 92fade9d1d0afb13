//! What an input may cost: the part behind `%%` (or all of it) is repeated to half a MiB and
//! diagnosed. The time of the processor and the memory have to stay in proportion to that.
#![no_main]

use std::fs;
use std::time::{Duration, Instant};

use clusterdx::pipeline::Engine;
use clusterdx_fuzz::engine::{collect, diagnoser, options, select, write};
use clusterdx_fuzz::{parts, within};
use libfuzzer_sys::fuzz_target;

/// Bytes of the text that is read.
const LONG: usize = 512 << 10;
/// Ordinary texts of this length take some hundredths of it; what grows with the square of the
/// length takes many times as much.
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
    let mut text = first.to_vec();
    while text.len() < LONG {
        text.extend_from_slice(again);
    }
    let path = write("log.txt", &text);
    let selection = select(&[&path]);
    diagnoser();
    within(192 << 20, || {
        let (wall, before) = (Instant::now(), spent());
        let collected = collect(diagnoser(), &selection, &Engine::default());
        let read = spent().zip(before).map(|(now, before)| now - before);
        diagnoser().judge(&collected, &options());
        let all = spent()
            .zip(before)
            .map_or(wall.elapsed(), |(now, before)| now - before);
        assert!(
            all < LIMIT,
            "{all:?}, of which reading {read:?}, for {} bytes",
            text.len()
        );
    });
});

/// Time of the processor that this thread has used, where the system tells: other processes do
/// not count.
fn spent() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}
