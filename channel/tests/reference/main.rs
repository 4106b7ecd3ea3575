//! The channel against a reference: random steps on one thread, and after each of them the reference says what must hold.
//!
//! It keeps account of every message, of the order in which those who wait are to be served, and of who was woken: whoever can go on
//! was. A failing run shows its steps, and the seed with which it can be repeated.

#[path = "../common/flag.rs"]
mod flag;
mod item;
mod operation;
#[path = "../common/seed.rs"]
mod seed;
mod steps;
mod world;

use fastrand::Rng;
use operation::Handle;
use world::{Pending, Standing, World};

/// Which steps a run has beside those of sends and receives.
#[derive(Clone, Copy)]
struct Menu {
    reservations: bool,
    cancels: bool,
    closes: bool,
}

fn pick(world: &World, random: &mut Rng, of: impl Fn(&Pending) -> bool) -> Option<usize> {
    let names: Vec<usize> = world
        .pending
        .iter()
        .filter(|pending| of(pending))
        .map(|it| it.name)
        .collect();
    (!names.is_empty()).then(|| names[random.usize(..names.len())])
}

/// Something that one who has handles may do.
fn act(world: &mut World, random: &mut Rng, menu: Menu) {
    let sender = (!world.txs.is_empty()).then(|| random.usize(..world.txs.len()));
    let receiver = (!world.rxs.is_empty()).then(|| random.usize(..world.rxs.len()));
    match (random.u32(..28), sender, receiver) {
        (0..5, Some(sender), _) => world.send(sender, random.u8(..4) == 0),
        (5, Some(sender), _) => world.send_many(sender, random.usize(..6)),
        (6..8, Some(sender), _) => world.try_send(sender),
        (8, Some(sender), _) => world.force_send(sender),
        (9..12, Some(sender), _) if menu.reservations => world.reserve(sender, random.u8(..3) == 0),
        (12..18, _, Some(receiver)) => world.receive(receiver, random.u8(..4) == 0),
        (18, _, Some(receiver)) => world.receive_many(receiver, random.usize(1..6)),
        (19..21, _, Some(receiver)) => world.try_receive(receiver),
        (21, _, Some(receiver)) => world.drain(receiver),
        (22, Some(sender), _) => world.wait_for_close(Handle::Tx(world.txs[sender].clone())),
        (23, _, Some(receiver)) => world.wait_for_close(Handle::Rx(world.rxs[receiver].clone())),
        (24..26, _, _) => world.add_handle(random.bool()),
        (26, _, _) if world.txs.len() > 1 && world.rxs.len() > 1 => world.drop_handle(random.bool()),
        (27, _, _) if menu.closes && random.u8(..30) == 0 => match random.bool() {
            true => world.close(random.bool()),
            false => world.drop_handle(random.bool()),
        },
        _ => {}
    }
}

fn step(world: &mut World, random: &mut Rng, menu: Menu) {
    let name = match random.u32(..10) {
        0..3 => pick(world, random, |it| {
            matches!(it.standing, Standing::Served | Standing::Closed) || it.gave_way
        }),
        3 => pick(world, random, |_| true),
        4 if menu.cancels => {
            if let Some(name) = pick(world, random, |_| true) {
                world.cancel(name);
            }
            return;
        }
        5 => {
            if let Some(name) = pick(world, random, |it| it.standing == Standing::Holding) {
                world.use_permit(name, random.u8(..4) > 0);
            }
            return;
        }
        _ => None,
    };
    match name {
        Some(name) => world.poll(name),
        None if world.pending.len() < 12 => act(world, random, menu),
        None => {}
    }
}

/// Drops everything, in any order.
fn end(world: &mut World, random: &mut Rng) {
    while world.sender_handles() + world.receiver_handles() > 0 {
        match (random.u32(..3), pick(world, random, |_| true)) {
            (0, Some(name)) => world.cancel(name),
            _ => world.drop_handle(random.bool()),
        }
        world.check();
    }
}

fn run(test: &str, runs: usize, menu: Menu) {
    let mut random = seed::random(test);
    for run in 0..runs * scale() {
        let capacity = [0, 0, 1, 1, 2, 3, usize::MAX][run % 7];
        let mut random = random.fork();
        let mut world = World::new(capacity);
        for _ in 0..random.usize(10..200) {
            step(&mut world, &mut random, menu);
            world.check();
        }
        end(&mut world, &mut random);
        let ledger = world.ledger.clone();
        drop(world);
        ledger.settle();
    }
}

/// How many times as many runs as usual: `CANTER_RUNS` sets it.
fn scale() -> usize {
    std::env::var("CANTER_RUNS").map_or(1, |runs| runs.parse().expect("CANTER_RUNS is a number"))
}

#[test]
fn sends_and_receives_agree_with_the_reference() {
    let menu = Menu {
        reservations: false,
        cancels: false,
        closes: false,
    };
    run("sends_and_receives_agree_with_the_reference", 700, menu);
}

#[test]
fn cancelled_and_closed_operations_agree_with_the_reference() {
    let menu = Menu {
        reservations: false,
        cancels: true,
        closes: true,
    };
    run(
        "cancelled_and_closed_operations_agree_with_the_reference",
        700,
        menu,
    );
}

#[test]
fn reservations_agree_with_the_reference() {
    let menu = Menu {
        reservations: true,
        cancels: true,
        closes: true,
    };
    run("reservations_agree_with_the_reference", 700, menu);
}
