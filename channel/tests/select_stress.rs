//! Exactly one arm takes effect: selects on both sides of many channels at once, on several threads.

#[path = "select_support/ledger.rs"]
mod ledger;
#[path = "select_support/noise.rs"]
mod noise;
#[path = "common/seed.rs"]
mod seed;

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::thread;

use canter_channel::{Receiver, RecvError, Select, SendError, Sender, bounded, select};
use canter_executor::runtime::Runtime;
use fastrand::Rng;
use futures::executor::block_on;
use ledger::{Ledger, Message};
use noise::Noise;
use seed::random;

/// How many messages are received before the channels are closed.
const MESSAGES: usize = if cfg!(debug_assertions) { 10_000 } else { 60_000 };

/// How many messages are created in one world at the most.
const MOST: usize = MESSAGES * 40;

type Channel = (Sender<Message>, Receiver<Message>);

/// What the workers of one test share.
struct World {
    channels: Vec<Channel>,
    ledger: Arc<Ledger>,
    sent: AtomicUsize,
    received: AtomicUsize,
    messages: usize,
}

impl World {
    fn new(capacities: &[usize], messages: usize) -> Arc<World> {
        Arc::new(World {
            channels: capacities.iter().map(|&capacity| bounded(capacity)).collect(),
            ledger: Ledger::new(MOST),
            sent: AtomicUsize::new(0),
            received: AtomicUsize::new(0),
            messages,
        })
    }

    fn tx(&self, channel: usize) -> &Sender<Message> {
        &self.channels[channel].0
    }

    fn rx(&self, channel: usize) -> &Receiver<Message> {
        &self.channels[channel].1
    }

    fn close(&self) {
        for (tx, _) in &self.channels {
            tx.close();
        }
    }

    /// Takes what is left, and checks that every message has ended once.
    fn check(&self) {
        self.close();
        for (_, rx) in &self.channels {
            rx.drain().for_each(|message| _ = message.receive());
            assert!(rx.try_recv().is_err_and(|error| error.is_closed()));
        }
        self.ledger.check();
    }
}

/// One task or thread, which sends and receives at once.
struct Worker {
    world: Arc<World>,
    number: u32,
    rng: Rng,
    /// The last message that came from each worker through each channel.
    last: HashMap<(usize, u32), u32>,
    is_closed: bool,
}

impl Worker {
    fn new(world: &Arc<World>, number: u32, rng: &mut Rng) -> Worker {
        Worker {
            world: world.clone(),
            number,
            rng: rng.fork(),
            last: HashMap::new(),
            is_closed: false,
        }
    }

    fn message(&self) -> Message {
        self.world.ledger.message(self.number)
    }

    /// As many different channels.
    fn pick<const N: usize>(&mut self) -> [usize; N] {
        let mut all: Vec<usize> = (0..self.world.channels.len()).collect();
        self.rng.shuffle(&mut all);
        all[..N].try_into().expect("there are enough")
    }

    fn sent(&mut self, result: Result<(), SendError<Message>>) {
        match result {
            Ok(()) => _ = self.world.sent.fetch_add(1, Relaxed),
            Err(SendError(message)) => {
                message.came_back();
                self.is_closed = true;
            }
        }
    }

    fn received(&mut self, channel: usize, result: Result<Message, RecvError>) {
        match result {
            Ok(message) => {
                let (origin, number) = message.receive();
                let last = self.last.insert((channel, origin), number);
                assert!(last < Some(number), "messages of one sender came out of order");
                if self.world.received.fetch_add(1, Relaxed) + 1 == self.world.messages {
                    self.world.close();
                }
            }
            Err(RecvError) => self.is_closed = true,
        }
    }

    /// Of five channels it offers itself to three on each side: so any two workers that wait have a match.
    async fn select_until_closed(mut self) {
        let world = self.world.clone();
        while !self.is_closed {
            let ([a, b, c], [d, e, f]) = (self.pick(), self.pick());
            let [first, second, third] = [self.message(), self.message(), self.message()];
            select! {
                sent = world.tx(a).send(first) => self.sent(sent),
                sent = world.tx(b).send(second) => self.sent(sent),
                sent = world.tx(c).send(third) => self.sent(sent),
                message = world.rx(d).recv() => self.received(d, message),
                message = world.rx(e).recv() => self.received(e, message),
                message = world.rx(f).recv() => self.received(f, message),
            }
        }
    }

    /// The same, with futures beside the channels that are polled for nothing.
    async fn select_with_noise_until_closed(mut self) {
        let world = self.world.clone();
        while !self.is_closed {
            let ([a, b, c], [d, e, f]) = (self.pick(), self.pick());
            let [first, second, third] = [self.message(), self.message(), self.message()];
            let ends = self.rng.u32(0..8) == 0;
            let (short, long) = (self.rng.u32(0..4), self.rng.u32(0..20));
            select! {
                sent = world.tx(a).send(first) => self.sent(sent),
                sent = world.tx(b).send(second) => self.sent(sent),
                () = Noise::that_falls_silent(short) => unreachable!(),
                sent = world.tx(c).send(third) => self.sent(sent),
                message = world.rx(d).recv() => self.received(d, message),
                message = world.rx(e).recv() => self.received(e, message),
                message = world.rx(f).recv() => self.received(f, message),
                () = Noise::that_ends(long), if ends => {}
            }
        }
    }

    /// The same, with a dynamic select that lives as long as the worker, whose receives stay and whose sends change.
    async fn select_dynamically_until_closed(mut self) {
        let world = self.world.clone();
        let mut select = Select::new();
        for channel in self.pick::<3>() {
            select.recv(world.rx(channel), move |message| Told::Received(channel, message));
        }
        while !self.is_closed {
            let messages = [self.message(), self.message(), self.message()];
            let channels = self.pick::<3>();
            let sends = (channels.into_iter().zip(messages))
                .map(|(channel, message)| select.send(world.tx(channel), message, Told::Sent));
            let sends: Vec<_> = sends.collect();
            match select.wait().await.1 {
                Told::Sent(result) => self.sent(result),
                Told::Received(channel, result) => self.received(channel, result),
            }
            for send in sends {
                select.remove(send);
            }
        }
    }

    /// Anything at all, most of it given up after a few polls.
    async fn meddle(mut self, steps: usize) {
        for _ in 0..steps {
            let polls = self.rng.u32(0..5);
            _ = give_up_after(polls, self.meddle_once()).await;
        }
    }

    /// A dynamic select whose waits are polled once or twice.
    fn meddle_dynamically(&mut self, waits: u32, message: Message) {
        let world = self.world.clone();
        let [a, b, c] = self.pick();
        let mut select = Select::new();
        let mut removed = select.recv(world.rx(a), |message| Told::Received(a, message));
        select.send(world.tx(b), message, Told::Sent);
        for wait in 0..waits {
            let told = match wait % 3 {
                0 => select.try_wait(),
                polls => poll_until_ready(give_up_after(polls, select.wait())),
            };
            match told {
                Some((_, Told::Sent(result))) => self.sent(result),
                Some((_, Told::Received(channel, result))) => self.received(channel, result),
                None if wait == 2 => {
                    select.remove(removed);
                    removed = select.recv(world.rx(c), |message| Told::Received(c, message));
                }
                None => {}
            }
        }
    }

    async fn meddle_once(&mut self) {
        let world = self.world.clone();
        let [a, b, c, d] = self.pick();
        let on = [(); 4].map(|()| self.rng.bool());
        let polls = self.rng.u32(0..6);
        let kind = self.rng.u32(0..10);
        let (first, second) = (self.message(), self.message());
        match kind {
            0..=2 => select! {
                sent = world.tx(a).send(first), if on[0] => self.sent(sent),
                message = world.rx(b).recv(), if on[1] => self.received(b, message),
                () = Noise::that_falls_silent(polls), if on[2] => {}
                permit = world.tx(c).reserve(), if on[3] => self.sent(permit.map_or(Ok(()), |permit| permit.send(second))),
                message = world.rx(d).recv() => self.received(d, message),
            },
            3..=4 => select! {
                message = world.rx(a).recv() => self.received(a, message),
                () = Noise::that_ends(polls) => {}
                sent = world.tx(a).send(first), if on[0] => self.sent(sent),
                sent = world.tx(b).send(second) => self.sent(sent),
            },
            5 => select! {
                sent = world.tx(a).send(first) => self.sent(sent),
                message = world.rx(b).recv() => self.received(b, message),
                default => {}
            },
            6 => self.meddle_dynamically(polls, first),
            7 => {
                let received = world.rx(a).recv().await;
                self.received(a, received);
                let sent = world.tx(b).send(first).await;
                self.sent(sent);
            }
            8 => {
                let tried = world.tx(a).try_send(first);
                tried.unwrap_or_else(|error| error.into_inner().came_back());
            }
            _ => {
                if let Ok(message) = world.rx(a).try_recv() {
                    self.received(a, Ok(message));
                }
            }
        }
    }
}

/// What an arm of a dynamic select gives.
enum Told {
    Sent(Result<(), SendError<Message>>),
    Received(usize, Result<Message, RecvError>),
}

/// Polls a future at once again and again, and drops it after as many polls.
async fn give_up_after<F: Future>(mut polls: u32, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(move |cx| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        cx.waker().wake_by_ref();
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// For a future that wakes itself.
fn poll_until_ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

fn workers(count: u32, rng: &mut Rng, world: &Arc<World>) -> Vec<Worker> {
    (0..count).map(|number| Worker::new(world, number, rng)).collect()
}

/// Runs each worker on a thread of its own.
fn on_threads<F>(workers: Vec<Worker>, work: impl Fn(Worker) -> F + Sync)
where
    F: Future<Output = ()>,
{
    thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| block_on(work(worker)));
        }
    });
}

/// Runs each worker as a task of a runtime with as many threads.
fn on_a_runtime<F>(threads: usize, workers: Vec<Worker>, work: impl Fn(Worker) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = Runtime::builder().workers(threads).build().unwrap();
    let tasks: Vec<_> = (workers.into_iter())
        .map(|worker| runtime.spawn(work(worker)))
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
}

/// Unbuffered channels, and some that hold a message or two.
const CAPACITIES: [[usize; 5]; 2] = [[0; 5], [0, 1, 0, 2, 0]];

/// Calls `run` with workers on different channels, and checks that they lost and doubled nothing. Gives how many messages arrived,
/// and how many were said to be sent, with each world.
fn in_worlds(test: &str, messages: usize, run: impl Fn(Vec<Worker>)) -> Vec<(usize, usize)> {
    let mut rng = random(test);
    let mut counts = Vec::new();
    for capacities in CAPACITIES {
        for count in [2, 3, 5] {
            let world = World::new(&capacities, messages);
            run(workers(count, &mut rng, &world));
            world.check();
            counts.push((world.ledger.received(), world.sent.load(Relaxed)));
        }
    }
    counts
}

/// Workers that end when as many messages have arrived. So none of them slept beside a match; and what they sent has arrived.
fn all_arrive(test: &str, messages: usize, run: impl Fn(Vec<Worker>)) {
    for (received, sent) in in_worlds(test, messages, run) {
        assert!(received >= messages);
        assert_eq!(received, sent);
    }
}

#[test]
fn selects_on_threads_lose_and_double_nothing() {
    all_arrive(
        "selects_on_threads_lose_and_double_nothing",
        MESSAGES,
        |workers| {
            on_threads(workers, Worker::select_until_closed);
        },
    );
}

#[test]
fn selects_on_threads_that_poll_futures_as_well_lose_and_double_nothing() {
    let test = "selects_on_threads_that_poll_futures_as_well_lose_and_double_nothing";
    all_arrive(test, MESSAGES, |workers| {
        on_threads(workers, Worker::select_with_noise_until_closed);
    });
}

#[test]
fn dynamic_selects_on_threads_lose_and_double_nothing() {
    all_arrive(
        "dynamic_selects_on_threads_lose_and_double_nothing",
        MESSAGES,
        |workers| {
            on_threads(workers, Worker::select_dynamically_until_closed);
        },
    );
}

#[test]
fn selects_of_all_kinds_on_threads_lose_and_double_nothing() {
    let test = "selects_of_all_kinds_on_threads_lose_and_double_nothing";
    all_arrive(test, MESSAGES, |workers| {
        on_threads(workers, |worker| async {
            match worker.number % 3 {
                0 => worker.select_until_closed().await,
                1 => worker.select_dynamically_until_closed().await,
                _ => worker.select_with_noise_until_closed().await,
            }
        });
    });
}

#[test]
fn selects_in_tasks_lose_and_double_nothing() {
    for threads in 2..=4 {
        all_arrive(
            "selects_in_tasks_lose_and_double_nothing",
            MESSAGES / 3,
            |workers| {
                on_a_runtime(threads, workers, |worker| async {
                    match worker.number % 2 {
                        0 => worker.select_until_closed().await,
                        _ => worker.select_with_noise_until_closed().await,
                    }
                });
            },
        );
    }
}

#[test]
fn selects_on_threads_that_are_given_up_lose_and_double_nothing() {
    let test = "selects_on_threads_that_are_given_up_lose_and_double_nothing";
    in_worlds(test, usize::MAX, |workers| {
        on_threads(workers, |worker| worker.meddle(MESSAGES / 4));
    });
}

#[test]
fn selects_in_tasks_that_are_given_up_lose_and_double_nothing() {
    let test = "selects_in_tasks_that_are_given_up_lose_and_double_nothing";
    for threads in 2..=4 {
        in_worlds(test, usize::MAX, |workers| {
            on_a_runtime(threads, workers, |worker| worker.meddle(MESSAGES / 12));
        });
    }
}

#[test]
fn selects_on_channels_that_close_lose_and_double_nothing() {
    for _ in 0..10 {
        in_worlds(
            "selects_on_channels_that_close_lose_and_double_nothing",
            usize::MAX,
            |workers| {
                on_threads(workers, |mut worker| async {
                    let (own, steps) = (worker.number as usize, worker.rng.usize(0..100));
                    let world = worker.world.clone();
                    worker.meddle(steps).await;
                    world.tx(own).close();
                });
            },
        );
    }
}
