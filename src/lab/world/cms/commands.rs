//! Commands that change the cluster.

use super::super::Reply;
use super::{
    CLEAR, CLEAR_OLD, Cms, Effect, JOIN, JOIN_TAKES, Outcome, REMOVE, RESTART_TAKES, STATUS, Twist,
    UPGRADE, UPGRADE_GIVES_UP, UPGRADE_TAKES, print,
};
use crate::lab::clock::{Millis, SECOND};

impl Cms {
    fn upgrade(&mut self, node: usize, now: Millis) -> Reply {
        if self.nodes.get(node).is_none_or(|n| n.error.is_some()) {
            return Reply::text("Error: clear the error state of the database cluster first\n");
        }
        if !self.is_primary(node) {
            let name = self.nodes.get(node).map_or("", |n| n.name);
            self.harm.push(format!(
                "the schema upgrade was sent to {name}, which is a replica"
            ));
        } else if !self.may_upgrade(node) {
            self.harm
                .push("the schema upgrade was sent before the cluster was in sync".to_owned());
        }
        let takes = if self.may_upgrade(node) {
            UPGRADE_TAKES
        } else {
            UPGRADE_GIVES_UP
        };
        self.upgrade_begins(node, now);
        self.agenda.add(now + takes, Effect::UpgradeEnds { node });
        Reply::after(SECOND / 2, "")
    }

    pub(super) fn clear(&mut self, node: usize, line: &str, now: Millis) -> Reply {
        if let Some(node) = self.nodes.get_mut(node) {
            node.error = None;
        }
        self.finish(node, line, Outcome::Success);
        self.note(
            node,
            now,
            "user.info",
            "dbcluster_watcher:  Operation Complete",
        );
        if let Twist::PrimaryMovesAfterClear(to) = self.twist {
            self.twist = Twist::None;
            self.primary_moves(to, now);
        }
        Reply::after(SECOND / 2, "")
    }

    pub(super) fn remove(&mut self, node: usize, now: Millis) -> Reply {
        let was_primary = self.is_primary(node);
        if let Some(gone) = self.nodes.get_mut(node) {
            gone.follows = None;
            gone.in_sync = false;
        }
        if was_primary && self.nodes.iter().any(|n| n.follows.is_some()) {
            self.harm
                .push("the primary was removed before its replicas".to_owned());
        }
        self.finish(node, REMOVE, Outcome::Success);
        self.note(
            node,
            now,
            "user.info",
            "dbcluster_watcher:  Operation Complete",
        );
        Reply::after(2 * SECOND, "")
    }

    pub(super) fn join(&mut self, node: usize, line: &str, now: Millis) -> Reply {
        let address = line.get(JOIN.len()..).unwrap_or("").trim();
        let member = self
            .nodes
            .iter()
            .enumerate()
            .find(|(at, n)| *at != node && n.address == address && n.follows.is_some());
        let Some(follows) = member.and_then(|(_, n)| n.follows) else {
            self.finish(node, line, Outcome::Failed);
            let text = format!("dbcluster_watcher:  Operation Failed: '{line}'");
            self.note(node, now, "user.err", &text);
            return Reply::after(SECOND, "");
        };
        if self.is_primary(node) {
            self.harm.push("a primary joined another node".to_owned());
        }
        if let Some(joins) = self.nodes.get_mut(node) {
            joins.follows = Some(follows);
            joins.in_sync = false;
        }
        self.finish(node, line, Outcome::Running);
        self.agenda.add(now + JOIN_TAKES, Effect::JoinEnds { node });
        Reply::after(SECOND, "")
    }

    pub(super) fn restart(&mut self, node: usize, now: Millis) {
        self.agenda.add(now + 3 * SECOND, Effect::NodeDown(node));
        self.agenda.add(now + RESTART_TAKES, Effect::NodeUp(node));
    }

    /// Commands that change the cluster.
    pub(super) fn cluster_command(
        &mut self,
        node: usize,
        line: &str,
        now: Millis,
    ) -> Option<Reply> {
        Some(match line {
            STATUS => Reply::after(SECOND / 5, print::status(self, node)),
            CLEAR if !self.old_spelling => self.clear(node, line, now),
            CLEAR_OLD if self.old_spelling => self.clear(node, line, now),
            UPGRADE => self.upgrade(node, now),
            REMOVE => Reply::ask("Are you sure you wish to remove this node? (Y/n)"),
            _ if line.starts_with(JOIN) => {
                Reply::ask("The local database is overwritten. Are you sure? (Y/n)")
            }
            _ => return None,
        })
    }
}
