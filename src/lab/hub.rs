//! The one place where sessions, time and the model of the cluster meet.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::Sent;
use super::clock::{Clock, Millis};
use super::manner::Manner;
use super::world::{Collected, Place, Reply, Shell, Truth, World};

/// Commands that are remembered.
const REMEMBERED: usize = 10_000;

/// A cluster with its clock; every session of every node talks to it.
pub(super) struct Hub {
    world: Mutex<Box<dyn World>>,
    clock: Clock,
    /// Boots of each node, for who has to know when one goes down.
    boots: Vec<watch::Sender<Option<u32>>>,
    /// Something became due sooner than it was.
    changed: Notify,
    sent: Mutex<Vec<Sent>>,
    places: Vec<Place>,
    shell: Shell,
    manners: Vec<Vec<Manner>>,
}

impl Hub {
    /// A hub around a cluster; `manners` are those of its nodes, in their order.
    pub(super) fn new(world: Box<dyn World>, clock: Clock, manners: Vec<Vec<Manner>>) -> Self {
        let (places, shell) = (world.places(), world.shell());
        let boots = (0..places.len()).map(|node| watch::Sender::new(world.boots(node)));
        Self {
            boots: boots.collect(),
            world: Mutex::new(world),
            clock,
            changed: Notify::new(),
            sent: Mutex::new(Vec::new()),
            places,
            shell,
            manners,
        }
    }

    /// The nodes.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Their command line.
    pub(super) fn shell(&self) -> Shell {
        self.shell
    }

    /// How a node behaves beside what its product does.
    pub(super) fn manners(&self, node: usize) -> &[Manner] {
        self.manners.get(node).map_or(&[], Vec::as_slice)
    }

    /// How long a span takes on the wall clock.
    pub(super) fn real(&self, span: Millis) -> Duration {
        self.clock.real(span)
    }

    /// Boots of a node, now and whenever they change; `None` for a node that is not there.
    pub(super) fn boots(&self, node: usize) -> Option<watch::Receiver<Option<u32>>> {
        self.boots.get(node).map(watch::Sender::subscribe)
    }

    /// Asks the cluster something at the present time and tells everybody who went down by it.
    fn ask<T>(&self, question: impl FnOnce(&mut dyn World, Millis) -> T) -> T {
        let mut world = lock(&self.world);
        let now = self.clock.now();
        world.tick(now);
        let answer = question(world.as_mut(), now);
        for (node, boots) in self.boots.iter().enumerate() {
            let new = world.boots(node);
            boots.send_if_modified(|old| std::mem::replace(old, new) != new);
        }
        drop(world);
        self.changed.notify_one();
        answer
    }

    /// What a new session prints, its prompt included.
    pub(super) fn greeting(&self, node: usize) -> String {
        self.ask(|world, _| world.greeting(node))
    }

    /// What stands before a command.
    pub(super) fn prompt(&self, node: usize) -> String {
        self.ask(|world, _| world.prompt(node))
    }

    /// Runs a command.
    pub(super) fn command(&self, node: usize, line: &str) -> Reply {
        self.ask(|world, now| {
            self.remember(node, line, now);
            world.command(node, line, now)
        })
    }

    /// Goes on with a command whose question was answered.
    pub(super) fn answered(&self, node: usize, line: &str, answer: &str) -> Reply {
        self.ask(|world, now| world.answered(node, line, answer, now))
    }

    /// What somebody would collect now; what happens behind his back happens afterwards.
    pub(super) fn collect(&self) -> Vec<Collected> {
        self.ask(|world, now| {
            let files = world.collect(now);
            world.collected(now);
            files
        })
    }

    /// What is true now.
    pub(super) fn truth(&self) -> Truth {
        self.ask(|world, _| world.truth())
    }

    /// Nothing is under way.
    pub(super) fn at_rest(&self) -> bool {
        self.ask(|world, _| world.due().is_none())
    }

    /// Commands so far, in their order.
    pub(super) fn sent(&self) -> Vec<Sent> {
        lock(&self.sent).clone()
    }

    fn remember(&self, node: usize, line: &str, at: Millis) {
        let mut sent = lock(&self.sent);
        if sent.len() < REMEMBERED {
            sent.push(Sent {
                node: self
                    .places
                    .get(node)
                    .map_or(String::new(), |p| p.name.clone()),
                line: line.to_owned(),
                at,
            });
        }
    }

    /// Lets things happen when they are due; never ends.
    pub(super) async fn keep_time(&self) {
        loop {
            let due = lock(&self.world).due();
            let wait = due.map(|due| self.real(due - self.clock.now()));
            tokio::select! {
                () = sleep(wait) => self.ask(|_, _| ()),
                () = self.changed.notified() => {}
            }
        }
    }
}

/// Sleeps for a while, or for ever.
async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

/// A lock that a panic elsewhere does not spoil.
fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
