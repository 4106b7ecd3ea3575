//! What is made once can be made in a task that moves between threads, whatever makes it and whatever that borrows.

use std::collections::HashMap;
use std::num::ParseIntError;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use canter_executor::{block_on, spawn, yield_now};
use canter_sync::{LazyCell, Once, OnceCell, SingleFlight};
use futures::FutureExt;
use futures::future::BoxFuture;

async fn load() -> u32 {
    yield_now().await;
    4
}

fn load_boxed() -> BoxFuture<'static, u32> {
    load().boxed()
}

async fn parse(text: &str) -> Result<u32, ParseIntError> {
    yield_now().await;
    text.parse()
}

/// Runs one task under canter and one under tokio, each for its own cell.
fn in_tasks<F: Future<Output = ()> + Send + 'static>(task: impl Fn() -> F) {
    block_on(spawn(task())).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(task()).await.unwrap() });
}

#[test]
fn a_static_cell_in_a_task() {
    static CELL: OnceCell<u32> = OnceCell::new();
    static ONCE: Once = Once::new();
    in_tasks(|| async {
        assert_eq!(CELL.get_or_init(async || load().await).await, &4);
        assert_eq!(CELL.get_or_init(|| async { load().await }).await, &4);
        assert_eq!(CELL.get_or_init(load).await, &4);
        assert_eq!(CELL.get_or_init(load_boxed).await, &4);
        assert_eq!(
            CELL.get_or_init(load_boxed as fn() -> BoxFuture<'static, u32>)
                .await,
            &4
        );
        ONCE.call_once(async || _ = load().await).await;
        ONCE.call_once(|| async { _ = load().await }).await;
        ONCE.wait().await;
    });
}

#[test]
fn the_future_itself_is_a_task() {
    static CELL: OnceCell<u32> = OnceCell::new();
    static ONCE: Once = Once::new();
    assert_eq!(block_on(spawn(CELL.get_or_init(load))).unwrap(), &4);
    assert_eq!(
        block_on(spawn(CELL.get_or_init(async || load().await))).unwrap(),
        &4
    );
    assert_eq!(
        block_on(spawn(CELL.get_or_try_init(async || parse("4").await))).unwrap(),
        Ok(&4)
    );
    assert_eq!(block_on(spawn(CELL.wait())).unwrap(), &4);
    block_on(spawn(ONCE.call_once(async || _ = load().await))).unwrap();
    block_on(spawn(ONCE.wait())).unwrap();
}

#[test]
fn an_initialiser_may_borrow_and_take_what_the_task_has() {
    in_tasks(|| async {
        let (text, shared) = ("7".to_string(), Arc::new("7".to_string()));
        let borrows = OnceCell::new();
        assert_eq!(
            borrows.get_or_init(async || parse(&text).await.unwrap()).await,
            &7
        );
        let borrows = OnceCell::new();
        assert_eq!(
            borrows
                .get_or_init(|| async { parse(&shared).await.unwrap() })
                .await,
            &7
        );
        let takes = OnceCell::new();
        assert_eq!(
            takes.get_or_init(async move || parse(&text).await.unwrap()).await,
            &7
        );
        let mut counted = 0;
        let changes = OnceCell::new();
        changes
            .get_or_init(async || {
                counted += load().await;
                shared
            })
            .await;
        assert_eq!(counted, 4);
    });
}

#[test]
fn an_initialiser_that_fails_is_used_with_a_question_mark() {
    async fn number(cell: &OnceCell<u32>, text: &str) -> Result<u32, ParseIntError> {
        let first = cell.get_or_try_init(async || Ok(parse(text).await? + 1)).await?;
        let again = cell.get_or_try_init(|| parse(text)).await?;
        Ok(*first + *again)
    }
    in_tasks(|| async {
        let cell = OnceCell::new();
        assert!(number(&cell, "not a number").await.is_err());
        assert_eq!(number(&cell, "1").await, Ok(4));
    });
}

/// What a program has that makes parts of itself when they are wanted.
struct App {
    name: String,
    title: OnceCell<String>,
    lazy: LazyCell<u32, fn() -> BoxFuture<'static, u32>>,
    set_up: Once,
    flights: SingleFlight<String, Result<u32, ParseIntError>>,
    cache: Mutex<HashMap<String, u32>>,
}

impl App {
    fn new() -> Arc<App> {
        Arc::new(App {
            name: "app".to_string(),
            title: OnceCell::new(),
            lazy: LazyCell::new(load_boxed),
            set_up: Once::new(),
            flights: SingleFlight::new(),
            cache: Mutex::default(),
        })
    }

    async fn read_title(&self, suffix: &str) -> String {
        yield_now().await;
        format!("{}{suffix}", self.name)
    }

    async fn title(&self) -> &str {
        self.title.get_or_init(async || self.read_title("!").await).await
    }

    fn title_as_impl(&self) -> impl Future<Output = &String> + Send {
        self.title.get_or_init(|| self.read_title("!"))
    }

    fn title_boxed<'a>(&'a self, suffix: &'a str) -> BoxFuture<'a, &'a String> {
        Box::pin(
            self.title
                .get_or_init(async move || self.read_title(suffix).await),
        )
    }

    fn lazy_boxed(&self) -> BoxFuture<'_, u32> {
        Box::pin(async { *self.lazy.get().await })
    }

    async fn set_up(&self) {
        self.set_up.call_once(async || _ = self.title().await).await;
    }

    async fn number(&self, text: &str) -> Result<u32, ParseIntError> {
        let look_up = async || {
            let number = parse(text).await?;
            self.cache.lock().unwrap().insert(text.to_string(), number);
            Ok(number)
        };
        self.flights.run(text.to_string(), look_up).await.value
    }
}

#[test]
fn methods_that_make_parts_of_what_is_shared() {
    in_tasks(|| async {
        let app = App::new();
        app.set_up().await;
        assert_eq!(app.title().await, "app!");
        assert_eq!(app.title_as_impl().await, "app!");
        assert_eq!(app.title_boxed("?").await, "app!");
        assert_eq!(app.lazy.get().await, &4);
        assert_eq!(app.lazy_boxed().await, 4);
        assert_eq!(app.number("12").await, Ok(12));
        assert!(app.number("twelve").await.is_err());
    });
}

/// As the macros for async traits make them.
trait Store: Send + Sync {
    fn load<'a>(&'a self, key: &'a str) -> Pin<Box<dyn Future<Output = Result<u32, String>> + Send + 'a>>;
}

struct Lengths;

impl Store for Lengths {
    fn load<'a>(&'a self, key: &'a str) -> Pin<Box<dyn Future<Output = Result<u32, String>> + Send + 'a>> {
        Box::pin(async move { Ok(load().await + u32::try_from(key.len()).unwrap()) })
    }
}

#[test]
fn methods_of_trait_objects_make_the_value() {
    in_tasks(|| async {
        let store: Arc<dyn Store> = Arc::new(Lengths);
        let cell = OnceCell::new();
        assert_eq!(cell.get_or_try_init(|| store.load("abc")).await, Ok(&7));
        assert_eq!(
            cell.get_or_try_init(async || store.load("abc").await).await,
            Ok(&7)
        );
        assert_eq!(
            cell.get_or_init(async || store.load("abc").await.unwrap()).await,
            &7
        );
        let flights = SingleFlight::new();
        assert_eq!(flights.run("abc", || store.load("abc")).await.value, Ok(7));
        assert_eq!(
            flights.run("abc", async || store.load("abc").await).await.value,
            Ok(7)
        );
        let lazy = LazyCell::new(move || {
            let store = store.clone();
            async move { store.load("abc").await }
        });
        assert_eq!(lazy.get().await, &Ok(7));
    });
}

#[test]
fn generic_code_passes_its_function_on_in_a_closure() {
    async fn get<T, F, R>(cell: &OnceCell<T>, init: F) -> &T
    where
        F: FnOnce() -> R + Send,
        R: Future<Output = T> + Send,
        T: Send + Sync,
    {
        cell.get_or_init(async move || init().await).await
    }
    in_tasks(|| async {
        let cell = OnceCell::new();
        assert_eq!(get(&cell, load).await, &4);
        assert_eq!(get(&cell, async || load().await).await, &4);
        let boxed: Box<dyn FnOnce() -> BoxFuture<'static, u32> + Send> = Box::new(load_boxed);
        assert_eq!(get(&cell, boxed).await, &4);
    });
}

#[test]
fn a_static_lazy_value_in_a_task() {
    static LAZY: LazyCell<u32, fn() -> BoxFuture<'static, u32>> = LazyCell::new(|| load().boxed());
    static OF_A_FUNCTION: LazyCell<u32, fn() -> BoxFuture<'static, u32>> = LazyCell::new(load_boxed);
    in_tasks(|| async {
        assert_eq!(LAZY.get().await, &4);
        assert_eq!(OF_A_FUNCTION.get().await, &4);
    });
    assert_eq!(block_on(spawn(LAZY.get())).unwrap(), &4);
}

#[test]
fn a_lazy_value_made_by_any_closure_in_a_task() {
    in_tasks(|| async {
        assert_eq!(LazyCell::new(load).get().await, &4);
        assert_eq!(LazyCell::new(async || load().await).get().await, &4);
        assert_eq!(LazyCell::new(|| async { load().await }).get().await, &4);
        let text = "7".to_string();
        let borrows = LazyCell::new(async || parse(&text).await);
        assert_eq!(borrows.get().await, &Ok(7));
        let shared = Arc::new(text);
        let takes = LazyCell::new(move || {
            let text = shared.clone();
            async move { parse(&text).await }
        });
        assert_eq!(takes.get().await, &Ok(7));
    });
}

#[test]
fn calls_of_one_flight_from_many_tasks() {
    in_tasks(|| async {
        let flights = SingleFlight::<String, Arc<str>>::new();
        let shared: Arc<str> = "shared".into();
        for _ in 0..3 {
            let (flights, shared) = (flights.clone(), shared.clone());
            spawn(async move {
                let flight = flights.run("key".to_string(), async || {
                    yield_now().await;
                    shared.clone()
                });
                assert_eq!(&*flight.await.value, "shared");
                flights.run("key".to_string(), || async { shared }).await;
            })
            .await
            .unwrap();
        }
    });
}
