//! What ends a live capture, and what happens meanwhile.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

/// How often the status is shown and faults are looked for.
const TICK: Duration = Duration::from_secs(1);

/// Bells that other threads ring.
#[derive(Clone, Default)]
pub(super) struct Bells {
    /// The user wants the end.
    pub(super) interrupted: Arc<Notify>,
    /// The stream of packets has ended.
    pub(super) over: Arc<Notify>,
}

/// Why a capture ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its time was over.
    Time,
    /// The user wanted it.
    Interrupted,
    /// No more packets came.
    Stream,
}

/// Waits for the end; `tick` is called every second.
///
/// # Errors
/// When the system gives no timer.
pub(super) fn wait(
    bells: &Bells,
    duration: Option<Duration>,
    mut tick: impl FnMut(),
) -> io::Result<End> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    runtime.block_on(async {
        let mut ticks = interval(TICK);
        // a slow look at much evidence is not made up for by several at once
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let time = after(duration);
        tokio::pin!(time);
        loop {
            tokio::select! {
                biased;
                () = bells.interrupted.notified() => return Ok(End::Interrupted),
                () = bells.over.notified() => return Ok(End::Stream),
                () = &mut time, if duration.is_some() => return Ok(End::Time),
                _ = ticks.tick() => tick(),
            }
        }
    })
}

fn after(duration: Option<Duration>) -> Sleep {
    let now = Instant::now();
    sleep_until(
        duration
            .and_then(|duration| now.checked_add(duration))
            .unwrap_or(now),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_first_ends_it() {
        let bells = Bells::default();
        let mut ticks = 0;
        let soon = Some(Duration::from_millis(20));
        assert_eq!(wait(&bells, soon, || ticks += 1).unwrap(), End::Time);
        assert_eq!(ticks, 1);
        bells.over.notify_one();
        assert_eq!(wait(&bells, None, || ()).unwrap(), End::Stream);
        bells.interrupted.notify_one();
        bells.over.notify_one();
        assert_eq!(wait(&bells, soon, || ()).unwrap(), End::Interrupted);
    }
}
