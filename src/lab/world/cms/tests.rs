//! Tests of the Meeting Server cluster.

use super::*;

const NOW: Millis = 1_790_000_000_000;

fn said(world: &mut Cms, node: usize, line: &str, now: Millis) -> String {
    world.tick(now);
    let reply = world.command(node, line, now);
    reply.parts.into_iter().map(|(_, text)| text).collect()
}

fn harmless() -> Truth {
    Truth {
        repaired: true,
        harm: Vec::new(),
    }
}

#[test]
fn the_schema_is_upgraded_on_the_primary_once_the_error_is_cleared() {
    let mut world = Cms::new(&Setup::default(), NOW);
    let before = said(&mut world, 0, STATUS, NOW);
    assert!(before.starts_with("ERROR                    : Couldn't upgrade the schema\n"));
    assert!(said(&mut world, 0, UPGRADE, NOW).contains("clear"));
    said(&mut world, 0, CLEAR, NOW);
    said(&mut world, 0, UPGRADE, NOW);
    assert!(said(&mut world, 0, STATUS, NOW).contains("upgrade_schema' (In progress)"));
    let after = said(&mut world, 0, STATUS, NOW + UPGRADE_TAKES);
    assert!(after.contains("upgrade_schema' (Success)"), "{after}");
    assert_eq!(world.truth(), harmless());
}

#[test]
fn on_a_replica_or_before_sync_the_upgrade_fails() {
    for (behind, node) in [(false, 1), (true, 0)] {
        let setup = Setup {
            behind,
            ..Setup::default()
        };
        let mut world = Cms::new(&setup, NOW);
        said(&mut world, node, CLEAR, NOW);
        said(&mut world, node, UPGRADE, NOW);
        let after = said(&mut world, node, STATUS, NOW + UPGRADE_GIVES_UP);
        assert!(after.contains("upgrade_schema' (Failed)"), "{after}");
        assert_eq!(world.truth().harm.len(), 1);
    }
}

#[test]
fn each_release_knows_one_spelling() {
    for old in [false, true] {
        let setup = Setup {
            old_spelling: old,
            ..Setup::default()
        };
        let mut world = Cms::new(&setup, NOW);
        let unknown = [CLEAR, CLEAR_OLD].map(|line| {
            let text = said(&mut world, 0, line, NOW);
            text.starts_with("Unknown command")
        });
        assert_eq!(unknown, [old, !old]);
    }
}

#[test]
fn the_primary_moves_when_it_is_said_to() {
    for (twist, collect) in [
        (Twist::PrimaryMovesAfterCollect(1), true),
        (Twist::PrimaryMovesAfterClear(1), false),
    ] {
        let setup = Setup {
            twist,
            ..Setup::default()
        };
        let mut world = Cms::new(&setup, NOW);
        assert!(world.is_primary(0));
        if collect {
            world.collected(NOW);
        } else {
            said(&mut world, 0, CLEAR, NOW);
        }
        assert!(world.is_primary(1) && !world.is_primary(0));
        let screen = said(&mut world, 0, STATUS, NOW);
        assert!(
            screen.contains("10.48.54.76          : Connected Primary"),
            "{screen}"
        );
    }
}

#[test]
fn somebody_else_repairs_it() {
    let setup = Setup {
        twist: Twist::RepairedAfterCollect,
        ..Setup::default()
    };
    let mut world = Cms::new(&setup, NOW);
    world.collected(NOW);
    world.collected(NOW);
    assert_eq!(world.truth(), harmless());
}

#[test]
fn a_restart_moves_the_role_and_ends() {
    let mut world = Cms::new(&Setup::default(), NOW);
    said(&mut world, 0, "reboot", NOW);
    world.tick(NOW + 3 * SECOND);
    assert_eq!((world.boots(0), world.is_primary(1)), (None, true));
    let screen = said(&mut world, 1, STATUS, NOW + 3 * SECOND);
    assert!(
        screen.contains("10.48.54.75          : Disconnected"),
        "{screen}"
    );
    world.tick(NOW + RESTART_TAKES + MINUTE);
    assert_eq!((world.boots(0), world.is_primary(0)), (Some(2), false));
}

#[test]
fn a_node_leaves_and_joins_with_a_capital_letter_only() {
    let mut world = Cms::new(&Setup::default(), NOW);
    world.answered(2, REMOVE, "y", NOW);
    assert!(world.nodes[2].follows.is_some());
    world.answered(2, REMOVE, "Y", NOW);
    assert!(said(&mut world, 2, STATUS, NOW).contains(": Disabled"));
    let join = format!("{JOIN}10.48.54.75");
    world.answered(2, &join, "Y", NOW);
    assert!(said(&mut world, 0, STATUS, NOW).contains("Connected Replica\n"));
    let after = said(&mut world, 2, STATUS, NOW + JOIN_TAKES);
    assert!(after.contains("join 10.48.54.75' (Success)"), "{after}");
    world.answered(1, &format!("{JOIN}10.9.9.9"), "Y", NOW);
    assert!(said(&mut world, 1, STATUS, NOW).contains("(Failed)"));
}
