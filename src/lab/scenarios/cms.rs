//! Scenarios of a Meeting Server database cluster.

use super::{Expected, Scenario};
use crate::lab::world::cms::{Cms, Setup, Twist};
use crate::model::node::Product;

const SCHEMA: &str = "cms.db.schema-upgrade-failed";

/// What is the same for all of them.
const BASE: Scenario = Scenario {
    name: "",
    product: Product::Cms,
    story: "",
    fault: SCHEMA,
    expected: Expected::Repaired { fault: SCHEMA },
    swapped: false,
    make: |now| Box::new(Cms::new(&Setup::default(), now)),
};

/// They.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "cms-schema-upgrade",
        story: "the schema upgrade failed on the primary; by now every node is in sync",
        ..BASE
    },
    Scenario {
        name: "cms-schema-upgrade-old-spelling",
        story: "the same on a release that spells the clearing command with a blank",
        make: |now| {
            let setup = Setup {
                old_spelling: true,
                ..Setup::default()
            };
            Box::new(Cms::new(&setup, now))
        },
        ..BASE
    },
    Scenario {
        name: "cms-schema-upgrade-on-replica",
        story: "somebody ran the schema upgrade on a replica, where it cannot work",
        make: |now| {
            let setup = Setup {
                schema_failed: Some(1),
                ..Setup::default()
            };
            Box::new(Cms::new(&setup, now))
        },
        ..BASE
    },
    Scenario {
        name: "cms-schema-not-in-sync",
        story: "the schema upgrade failed, and one replica still lags behind",
        expected: Expected::Refused { why: "out_of_sync" },
        make: |now| {
            let setup = Setup {
                behind: true,
                ..Setup::default()
            };
            Box::new(Cms::new(&setup, now))
        },
        ..BASE
    },
    Scenario {
        name: "cms-schema-primary-moved",
        story: "after the logs were collected another node became primary",
        expected: Expected::Refused { why: "me_role" },
        make: |now| {
            let setup = Setup {
                twist: Twist::PrimaryMovesAfterCollect(1),
                ..Setup::default()
            };
            Box::new(Cms::new(&setup, now))
        },
        ..BASE
    },
    Scenario {
        name: "cms-schema-already-fixed",
        story: "after the logs were collected somebody else repaired it",
        expected: Expected::NothingToDo,
        make: |now| {
            let setup = Setup {
                twist: Twist::RepairedAfterCollect,
                ..Setup::default()
            };
            Box::new(Cms::new(&setup, now))
        },
        ..BASE
    },
    Scenario {
        name: "cms-two-primaries",
        story: "the schema upgrade failed on a replica, and two nodes take themselves for the primary",
        fault: "cms.db.multiple-primaries",
        expected: Expected::Refused { why: "primar" },
        make: |now| {
            let setup = Setup {
                schema_failed: Some(2),
                two_primaries: true,
                ..Setup::default()
            };
            Box::new(Cms::new(&setup, now))
        },
        ..BASE
    },
    Scenario {
        name: "cms-swapped-inventory",
        story: "the inventory gives every node the address of another one's command line",
        expected: Expected::Refused {
            why: "was expected",
        },
        swapped: true,
        ..BASE
    },
    Scenario {
        name: "cms-node-error",
        story: "one node stays in the error state although what failed has been put right",
        fault: "cms.db.node-error",
        expected: Expected::Repaired {
            fault: "cms.db.node-error",
        },
        make: |now| {
            let setup = Setup {
                schema_failed: None,
                error: Some("Failed to start the database"),
                ..Setup::default()
            };
            Box::new(Cms::new(&setup, now))
        },
        ..BASE
    },
    Scenario {
        name: "cms-schema-primary-moves-in-mid-plan",
        story: "once the error is cleared another node becomes primary",
        expected: Expected::Refused { why: "me_role" },
        make: |now| {
            let setup = Setup {
                twist: Twist::PrimaryMovesAfterClear(1),
                ..Setup::default()
            };
            Box::new(Cms::new(&setup, now))
        },
        ..BASE
    },
];
