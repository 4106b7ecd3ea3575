//! The programs. Those that end by themselves end with code 0.

use std::future::pending;
use std::hint::black_box;
use std::io::{BufRead, stdin};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use canter::channel::{self, Receiver, Sender, bounded, oneshot, unbuffered};
use canter::diagnostics::OnDeadlock;
use canter::runtime::{Builder, Runtime};
use canter::sync::{Barrier, Mutex, WaitGroup};
use canter::time::sleep;

/// Says which program this process is.
pub const PROGRAM: &str = "CANTER_TEST_PROGRAM";

/// Long enough for a monitor to have looked several times, and shorter than what it takes for a suspicion.
const A_WHILE: Duration = Duration::from_millis(300);

pub const PROGRAMS: &[(&str, fn())] = &[
    ("send", send),
    ("receive", receive),
    #[cfg(feature = "socket")]
    ("looked_at", looked_at),
    ("mutexes", mutexes),
    ("wait_group", wait_group),
    ("own_join", own_join),
    ("select", select),
    ("late", late),
    ("plain_threads", plain_threads),
    ("after_closures", after_closures),
    ("thread_local", thread_local),
    ("two_runtimes", two_runtimes),
    ("local_tasks", local_tasks),
    ("after_a_timer", after_a_timer),
    ("nested", nested),
    ("timer", timer),
    ("socket", socket),
    ("closure", closure),
    ("thread_that_sends", thread_that_sends),
    ("thread_that_sends_late", thread_that_sends_late),
    ("thread_in_recv_blocking", thread_in_recv_blocking),
    ("own_signal", own_signal),
    ("other_signal", other_signal),
    ("quit_signal", quit_signal),
    ("busy_runtime", busy_runtime),
    ("warn", warn),
    ("ignore", ignore),
    ("call", call),
    ("call_that_panics", call_that_panics),
    ("dump", dump),
    ("almost", almost),
];

/// A sender and a receiver of which neither ever meets another one.
fn dead() -> (Sender<u32>, Receiver<u32>) {
    bounded(1)
}

#[canter::main(workers = 2)]
async fn send() {
    let (tx, _rx) = unbuffered();
    tx.send(1).await.unwrap();
}

/// Somebody is connected, and has asked, when it comes to wait for itself.
#[cfg(feature = "socket")]
fn looked_at() {
    use std::io::{BufReader, Write};
    use std::os::unix::net::UnixStream;

    let path = std::env::temp_dir().join(format!("canter-looked-at-{}", std::process::id()));
    let builder = Runtime::builder().workers(2).diagnostics_socket(&path);
    let runtime = builder.build().expect("it starts");
    let mut client = UnixStream::connect(&path).expect("somebody listens");
    std::fs::remove_file(&path).expect("it is there; a program that exits would leave it behind");
    client.write_all(b"\n").expect("it is read");
    let mut answer = String::new();
    let mut client = BufReader::new(client);
    client.read_line(&mut answer).expect("it is answered");
    let (_sender, receiver) = bounded::<()>(1);
    let _ = runtime.block_on(receiver.recv());
}

#[canter::main(workers = 2)]
async fn receive() {
    let (_tx, rx) = unbuffered::<u32>();
    rx.recv().await.unwrap();
}

#[canter::main(workers = 2)]
async fn mutexes() {
    let (a, b) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let both_have_one = Arc::new(Barrier::new(2));
    let lock_in_order = |first: Arc<Mutex<()>>, second: Arc<Mutex<()>>| {
        let both_have_one = both_have_one.clone();
        canter::spawn(async move {
            let _first = first.lock().await;
            both_have_one.wait().await;
            let _second = second.lock().await;
        })
    };
    let one = lock_in_order(a.clone(), b.clone());
    let other = lock_in_order(b, a);
    one.await.unwrap();
    other.await.unwrap();
}

#[canter::main(workers = 2)]
async fn wait_group() {
    let group = WaitGroup::new();
    group.add(1);
    group.wait().await;
}

#[canter::main(workers = 2)]
async fn own_join() {
    let (tx, rx) = oneshot::<canter::JoinHandle<()>>();
    let ended = WaitGroup::new();
    ended.add(1);
    let done = ended.clone();
    let handle = canter::spawn(async move {
        rx.await.unwrap().await.unwrap();
        done.done();
    });
    assert!(tx.send(handle).is_ok());
    ended.wait().await;
}

#[canter::main(workers = 2)]
async fn select() {
    let (tx, rx) = dead();
    tx.send(0).await.unwrap();
    let (_other, nobody_sends) = dead();
    let never = channel::never::<u32>();
    canter::select! {
        sent = tx.send(1) => sent.unwrap(),
        received = nobody_sends.recv() => assert!(received.is_err()),
        received = never.recv() => assert!(received.is_err()),
    }
    drop(rx);
}

/// Main comes to wait when everything has been asleep for long.
#[canter::main(workers = 2)]
async fn late() {
    thread::sleep(A_WHILE);
    let (_tx, rx) = dead();
    rx.recv().await.unwrap();
}

/// Threads that are not canter's wait for each other's messages, in operations of canter.
#[canter::main(workers = 1)]
async fn plain_threads() {
    let (tx, rx) = dead();
    let (to_main, from_thread) = dead();
    let threads = [(); 2].map(|()| {
        let (rx, to_main) = (rx.clone(), to_main.clone());
        thread::spawn(move || {
            to_main.send_blocking(0).unwrap();
            rx.recv_blocking()
        })
    });
    from_thread.recv().await.unwrap();
    from_thread.recv().await.unwrap();
    let released = canter::spawn(pending::<()>());
    released.await.unwrap();
    drop((tx, threads));
}

/// Idle threads of the pool are left behind.
#[canter::main(workers = 1)]
async fn after_closures() {
    let joins = [(); 3].map(|()| canter::spawn_blocking(|| black_box(1)));
    for join in joins {
        join.await.unwrap();
    }
    let (_tx, rx) = dead();
    rx.recv().await.unwrap();
}

/// A thread of the pool holds a sender that goes with the thread, which ends the wait of main.
#[canter::main(workers = 1)]
async fn thread_local() {
    thread_local!(static KEPT: std::cell::RefCell<Option<Sender<u32>>> = const { std::cell::RefCell::new(None) });
    let (tx, rx) = dead();
    canter::spawn_blocking(move || KEPT.set(Some(tx))).await.unwrap();
    rx.recv().await.expect_err("the sender is gone");
}

/// Main waits for a task of another runtime, which waits for main.
fn two_runtimes() {
    let (one, other) = (Runtime::new().unwrap(), Runtime::new().unwrap());
    let (tx, rx) = dead();
    let join = other.spawn(async move { rx.recv().await });
    one.block_on(async { join.await.unwrap().unwrap() });
    drop(tx);
}

#[canter::main(workers = 1)]
async fn local_tasks() {
    let (_tx, rx) = dead();
    canter::spawn_local(async move { rx.recv().await })
        .await
        .unwrap()
        .unwrap();
}

/// The last timer fires, and what it wakes waits for ever.
#[canter::main(workers = 2)]
async fn after_a_timer() {
    let (_tx, rx) = dead();
    canter::spawn(async move {
        sleep(Duration::from_millis(50)).await;
        rx.recv().await
    })
    .await
    .unwrap()
    .unwrap();
}

/// A task waits in a `block_on` of its own.
#[canter::main(workers = 1)]
async fn nested() {
    let (_tx, rx) = dead();
    canter::spawn(async move { canter::block_on(rx.recv()) })
        .await
        .unwrap()
        .unwrap();
}

#[canter::main(workers = 2)]
async fn timer() {
    let (tx, rx) = dead();
    canter::go(async move {
        sleep(A_WHILE).await;
        tx.send(1).await.unwrap();
    });
    rx.recv().await.unwrap();
}

/// A registered socket is all that could wake anybody. Nobody connects.
#[canter::main(workers = 2)]
async fn socket() {
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    let listener = canter::net::TcpListener::bind(any).await.unwrap();
    drop(listener.accept().await);
}

#[canter::main(workers = 2)]
async fn closure() {
    let (tx, rx) = dead();
    let closure = canter::spawn_blocking(move || {
        thread::sleep(2 * Duration::from_secs(1));
        tx.send_blocking(1)
    });
    rx.recv().await.unwrap();
    closure.await.unwrap().unwrap();
}

/// Sends when the test says so on standard input.
fn send_when_told(tx: Sender<u32>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        stdin().lock().read_line(&mut String::new()).unwrap();
        tx.send_blocking(1).unwrap();
    })
}

#[canter::main(workers = 2)]
async fn thread_that_sends() {
    let (tx, rx) = dead();
    thread::spawn(move || {
        thread::sleep(A_WHILE);
        tx.send_blocking(1)
    });
    rx.recv().await.unwrap();
}

#[canter::main(workers = 2)]
async fn thread_that_sends_late() {
    let (tx, rx) = dead();
    send_when_told(tx);
    rx.recv().await.unwrap();
}

/// One thread waits in an operation of canter for another one, which is about to send.
#[canter::main(workers = 2)]
async fn thread_in_recv_blocking() {
    let (tx, rx) = dead();
    let (to_main, from_thread) = dead();
    thread::spawn(move || to_main.send_blocking(rx.recv_blocking().unwrap()));
    send_when_told(tx);
    from_thread.recv().await.unwrap();
}

fn says_ready() {
    println!("ready");
}

#[canter::main(workers = 2)]
async fn own_signal() {
    let kind = canter::signal::unix::SignalKind::user_defined1();
    let mut signal = canter::signal::unix::signal(kind).unwrap();
    says_ready();
    signal.recv().await.unwrap();
}

#[canter::main(workers = 2)]
async fn other_signal() {
    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, flag).unwrap();
    says_ready();
    let (_tx, rx) = dead();
    rx.recv().await.unwrap();
}

/// The handler of the dump is no reason, until the program itself asks for the signal. The source is dropped: only the handler is left.
#[canter::main(workers = 2)]
async fn quit_signal() {
    drop(canter::signal::unix::signal(
        canter::signal::unix::SignalKind::quit(),
    ));
    says_ready();
    let (_tx, rx) = dead();
    rx.recv().await.unwrap();
}

#[canter::main(workers = 2)]
async fn busy_runtime() {
    let (tx, rx) = dead();
    let busy = Builder::new().workers(1).build().unwrap();
    busy.go(async move {
        let began = Instant::now();
        while began.elapsed() < A_WHILE {
            canter::yield_now().await;
        }
        tx.send(1).await.unwrap();
    });
    rx.recv().await.unwrap();
    canter::spawn_blocking(move || drop(busy)).await.unwrap();
}

fn with(on_deadlock: OnDeadlock) -> Runtime {
    Builder::new()
        .workers(2)
        .on_deadlock(on_deadlock)
        .build()
        .unwrap()
}

fn warn() {
    let (_tx, rx) = dead();
    with(OnDeadlock::Warn).block_on(rx.recv()).unwrap();
}

fn ignore() {
    says_ready();
    let (_tx, rx) = dead();
    with(OnDeadlock::Ignore).block_on(rx.recv()).unwrap();
}

/// What is called ends each of three deadlocks.
fn call() {
    let (tx, rx) = dead();
    let runtime = with(OnDeadlock::call(move |deadlock| {
        let dump = &deadlock.dumps()[0];
        let waiting = dump.threads()[0].waiting().unwrap();
        println!("proven: {}, waits for {}", deadlock.is_proven(), waiting.reason);
        tx.send_blocking(1).unwrap();
    }));
    runtime.block_on(async {
        for _ in 0..3 {
            rx.recv().await.unwrap();
        }
    });
}

fn call_that_panics() {
    let (_tx, rx) = dead();
    with(OnDeadlock::call(|_| panic!("no good")))
        .block_on(rx.recv())
        .unwrap();
}

/// Every worker is stuck, and only the dump's own thread can tell.
#[canter::main(workers = 1)]
async fn dump() {
    canter::go(async {
        says_ready();
        loop {
            thread::sleep(Duration::from_secs(3600));
        }
    });
    let closure = canter::spawn_blocking(|| thread::sleep(Duration::from_secs(3600)));
    closure.await.unwrap();
}

/// All is asleep again and again, but for one that is about to wake somebody.
#[canter::main(workers = 2)]
async fn almost() {
    let until = Instant::now() + Duration::from_secs(5);
    let (mut rounds, mut random) = (0, 1_u64);
    while Instant::now() < until {
        let (tx, rx) = bounded::<u32>(1);
        let (ping, pong) = (bounded::<u32>(1), bounded::<u32>(1));
        rounds += 1;
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        // Monitors look every few hundredths of a second, so now and then it stays quiet until they do.
        let pause = Duration::from_micros(random >> 33 & 0x3FFF);
        match rounds % 5 {
            0 => drop(thread::spawn(move || {
                thread::sleep(pause);
                tx.send_blocking(1)
            })),
            1 => drop(canter::spawn_blocking(move || {
                thread::sleep(pause);
                tx.send_blocking(1)
            })),
            2 => canter::go(async move {
                sleep(pause).await;
                tx.send(1).await.unwrap();
            }),
            3 => {
                // A thread of the pool and a plain one wake each other, and then main.
                let closure = canter::spawn_blocking(move || {
                    ping.0.send_blocking(1).unwrap();
                    pong.1.recv_blocking().unwrap();
                    tx.send_blocking(1)
                });
                thread::spawn(move || {
                    ping.1.recv_blocking().unwrap();
                    thread::sleep(pause);
                    pong.0.send_blocking(1)
                });
                drop(closure);
            }
            _ => {
                canter::go(async move {
                    for _ in 0..10 {
                        sleep(pause / 10).await;
                        ping.0.send(1).await.unwrap();
                        pong.1.recv().await.unwrap();
                    }
                    tx.send(1).await.unwrap();
                });
                canter::go(async move {
                    while ping.1.recv().await.is_ok() {
                        pong.0.send(1).await.unwrap();
                    }
                });
            }
        }
        rx.recv().await.unwrap();
    }
    println!("{} rounds", if rounds > 50 { "many" } else { "few" });
}
