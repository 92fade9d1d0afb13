//! Scenarios of an Expressway cluster.

use super::{Expected, Scenario};
use crate::lab::world::expressway::{Broken, Expressway};
use crate::model::node::Product;

/// What is the same for all of them.
const BASE: Scenario = Scenario {
    name: "",
    product: Product::Expressway,
    story: "",
    fault: "",
    expected: Expected::NothingToDo,
    swapped: false,
    make: |now| Box::new(Expressway::new(Broken::KeyFile, now)),
};

/// They.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "expressway-key-file",
        story: "one peer could not update its key file; the keys of the others are in order",
        fault: "expressway.key-file.update-failed",
        expected: Expected::Repaired {
            fault: "expressway.key-file.update-failed",
        },
        ..BASE
    },
    Scenario {
        name: "expressway-key-file-everywhere",
        story: "no peer could update its key file, so there is no good key left to copy",
        fault: "expressway.key-file.update-failed-everywhere",
        expected: Expected::Refused {
            why: "Create the cluster again",
        },
        make: |now| Box::new(Expressway::new(Broken::KeyFileEverywhere, now)),
        ..BASE
    },
    Scenario {
        name: "expressway-force-config-update",
        story: "the configuration of a subordinate conflicts with that of a healthy primary",
        fault: "expressway.replication.config-conflict",
        expected: Expected::Repaired {
            fault: "expressway.replication.config-conflict",
        },
        make: |now| Box::new(Expressway::new(Broken::Conflict, now)),
        ..BASE
    },
    Scenario {
        name: "expressway-force-config-update-sick-primary",
        story: "the same, but the database of the primary fails",
        fault: "expressway.replication.config-conflict",
        expected: Expected::Refused {
            why: "something else is broken",
        },
        make: |now| Box::new(Expressway::new(Broken::ConflictSickPrimary, now)),
        ..BASE
    },
    Scenario {
        name: "expressway-restart-in-order",
        story: "primary and one subordinate ask for a restart after a change of the cluster",
        fault: "expressway.cluster.restart-required",
        expected: Expected::Repaired {
            fault: "expressway.cluster.restart-required",
        },
        make: |now| Box::new(Expressway::new(Broken::Restart, now)),
        ..BASE
    },
    Scenario {
        name: "expressway-factory-reset-armed",
        story: "somebody cleared all peer addresses of a subordinate, and it asks for a restart",
        fault: "expressway.factory-reset.armed",
        expected: Expected::Refused { why: "address" },
        make: |now| Box::new(Expressway::new(Broken::ResetArmed, now)),
        ..BASE
    },
    Scenario {
        name: "expressway-key-file-alone",
        story: "a single system could not update its key file",
        fault: "expressway.key-file.update-failed",
        expected: Expected::Repaired {
            fault: "expressway.key-file.update-failed",
        },
        make: |now| Box::new(Expressway::new(Broken::KeyFileAlone, now)),
        ..BASE
    },
    Scenario {
        name: "expressway-h323-off",
        story: "H.323 mode is off, and peers cannot ask each other for bandwidth",
        fault: "expressway.cluster.h323-mode-off",
        expected: Expected::Repaired {
            fault: "expressway.cluster.h323-mode-off",
        },
        make: |now| Box::new(Expressway::new(Broken::H323Off, now)),
        ..BASE
    },
    Scenario {
        name: "expressway-peer-config-missing",
        story: "a subordinate does not find the configuration of its peers",
        fault: "expressway.replication.peer-config-missing",
        expected: Expected::Repaired {
            fault: "expressway.replication.peer-config-missing",
        },
        make: |now| Box::new(Expressway::new(Broken::PeerConfigMissing, now)),
        ..BASE
    },
    Scenario {
        name: "expressway-database-sync-failed",
        story: "the database of a subordinate does not synchronise any more",
        fault: "expressway.cluster.database-sync-failed",
        expected: Expected::Repaired {
            fault: "expressway.cluster.database-sync-failed",
        },
        make: |now| Box::new(Expressway::new(Broken::SyncFailed, now)),
        ..BASE
    },
    Scenario {
        name: "expressway-restart-separated",
        story: "a subordinate and the others ran on without each other, and their databases differ",
        fault: "expressway.cluster.partitioned",
        expected: Expected::Repaired {
            fault: "expressway.cluster.partitioned",
        },
        make: |now| Box::new(Expressway::new(Broken::Split, now)),
        ..BASE
    },
];
