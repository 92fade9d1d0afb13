//! What can be practised: each scenario breaks a cluster in one way.

use super::clock::Millis;
use super::world::World;
use crate::model::node::Product;

mod cms;
mod expressway;
mod imp;

/// How a run of `fix` has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The fault is found, and gone afterwards.
    Repaired {
        /// Its id.
        fault: &'static str,
    },
    /// Nothing is changed, and the reason holds these words.
    Refused {
        /// The words.
        why: &'static str,
    },
    /// Somebody else has repaired it; nothing is sent that changes anything.
    NothingToDo,
}

/// A cluster that is broken in one way.
#[derive(Debug)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// Product of its nodes.
    pub product: Product,
    /// What happened, in one line.
    pub story: &'static str,
    /// The fault that a diagnosis of what was collected names as a cause.
    pub fault: &'static str,
    /// How a run of `fix` has to end.
    pub expected: Expected,
    /// The inventory gives nodes the agents of others.
    pub swapped: bool,
    make: fn(Millis) -> Box<dyn World>,
}

impl Scenario {
    /// The broken cluster at a time.
    pub(super) fn world(&self, now: Millis) -> Box<dyn World> {
        (self.make)(now)
    }
}

/// All scenarios, those of one product together.
pub static SCENARIOS: &[&[Scenario]] = &[cms::SCENARIOS, expressway::SCENARIOS, imp::SCENARIOS];

/// The scenario of a name.
pub fn scenario(name: &str) -> Option<&'static Scenario> {
    SCENARIOS
        .iter()
        .flat_map(|of| of.iter())
        .find(|scenario| scenario.name == name)
}
