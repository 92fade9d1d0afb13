//! Scenarios of an IM and Presence cluster.

use super::{Expected, Scenario};
use crate::lab::world::imp::{Broken, Imp};
use crate::model::node::Product;

/// What is the same for all of them.
const BASE: Scenario = Scenario {
    name: "",
    product: Product::Imp,
    story: "",
    fault: "",
    expected: Expected::NothingToDo,
    swapped: false,
    make: |now| Box::new(Imp::new(Broken::Router, now)),
};

/// They.
pub(super) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "imp-router-restart",
        story: "the XCP configuration was written anew, and the router has to be restarted",
        fault: "imp.intercluster.router-restart-required",
        expected: Expected::Repaired {
            fault: "imp.intercluster.router-restart-required",
        },
        ..BASE
    },
    Scenario {
        name: "imp-service-stopped",
        story: "group chat is down on one node",
        fault: "imp.chat.service-down",
        expected: Expected::Repaired {
            fault: "imp.chat.service-down",
        },
        make: |now| Box::new(Imp::new(Broken::Chat, now)),
        ..BASE
    },
    Scenario {
        name: "imp-ha-fallback",
        story: "a node failed over; its services are up again, its users still on the other",
        fault: "imp.ha.fallback-needed",
        expected: Expected::Repaired {
            fault: "imp.ha.fallback-needed",
        },
        make: |now| Box::new(Imp::new(Broken::FailedOver, now)),
        ..BASE
    },
    Scenario {
        name: "imp-ha-fallback-services-down",
        story: "the same, but after the logs were collected a critical service stops again",
        fault: "imp.ha.fallback-needed",
        expected: Expected::Refused {
            why: "Cisco Presence Engine",
        },
        make: |now| Box::new(Imp::new(Broken::FailedOverAgain, now)),
        ..BASE
    },
    Scenario {
        name: "imp-sync-agent",
        story: "the sync with another cluster hangs",
        fault: "imp.intercluster.sync-stuck",
        expected: Expected::Repaired {
            fault: "imp.intercluster.sync-stuck",
        },
        make: |now| Box::new(Imp::new(Broken::Sync, now)),
        ..BASE
    },
    Scenario {
        name: "imp-agent-memory",
        story: "the agent that synchronises with another cluster has run out of memory",
        fault: "imp.intercluster.resource-shortage",
        expected: Expected::Repaired {
            fault: "imp.intercluster.resource-shortage",
        },
        make: |now| Box::new(Imp::new(Broken::Memory, now)),
        ..BASE
    },
    Scenario {
        name: "imp-axl-stopped",
        story: "the AXL service is down on one node",
        fault: "imp.service.stopped",
        expected: Expected::Repaired {
            fault: "imp.service.stopped",
        },
        make: |now| Box::new(Imp::new(Broken::Axl, now)),
        ..BASE
    },
    Scenario {
        name: "imp-ha-service-down",
        story: "a node failed over, and the service that is to blame is still down",
        fault: "imp.ha.critical-service-down",
        expected: Expected::Repaired {
            fault: "imp.ha.critical-service-down",
        },
        make: |now| Box::new(Imp::new(Broken::ServiceDown, now)),
        ..BASE
    },
    Scenario {
        name: "imp-service-failed",
        story: "a service ended again and again until its manager gave it up",
        fault: "imp.service.failed",
        expected: Expected::Repaired {
            fault: "imp.service.failed",
        },
        make: |now| Box::new(Imp::new(Broken::ServiceFailed, now)),
        ..BASE
    },
    Scenario {
        name: "imp-ha-failed-mode",
        story: "both nodes of the group run in failed mode",
        fault: "imp.ha.failed-mode",
        expected: Expected::Repaired {
            fault: "imp.ha.failed-mode",
        },
        make: |now| Box::new(Imp::new(Broken::FailedMode, now)),
        ..BASE
    },
];
