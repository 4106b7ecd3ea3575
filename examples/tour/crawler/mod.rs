//! A polite crawler with bounded concurrency.
//!
//! ```go
//! func crawl(pages <-chan string, links chan<- []string, places chan struct{}) {
//!     for page := range pages {
//!         places <- struct{}{}
//!         ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
//!         links <- fetch(ctx, page)
//!         cancel()
//!         <-places
//!     }
//! }
//! ```
//!
//! It visits every page of a site once, although the pages link to each other in circles; it has at most eight requests under way; it gives
//! up a page that is too slow, goes on after one that is broken, and stays away from what the site's `robots.txt` disallows. The site is its
//! own, on loopback: see `site.rs`.
//!
//! ```text
//! 300 pages, 20 of them broken, 5 too slow
//! the site never saw more than 8 requests at a time
//! nobody asked for /private
//! ```

mod site;

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use canter::channel::{Sender, unbounded};
use canter::net::TcpStream;
use canter::sync::Semaphore;
use canter::time::timeout;
use futures::{AsyncReadExt, AsyncWriteExt};

use site::Site;

const REQUESTS_AT_A_TIME: usize = 8;
const PATIENCE: Duration = Duration::from_secs(2);

/// How the visit of a page ended.
enum Visit {
    Links(Vec<String>),
    Broken,
    TooSlow,
}

/// Asks for a page and gives its body.
async fn get(site: SocketAddr, path: &str) -> io::Result<String> {
    let mut connection = TcpStream::connect(site).await?;
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    match response.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.0 200 ") => Ok(body.to_owned()),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The places that a page's `href="..."` name.
fn links(body: &str) -> Vec<String> {
    let quoted = body.split("href=\"").skip(1);
    quoted
        .filter_map(|rest| rest.split_once('"'))
        .map(|(link, _)| link.to_owned())
        .collect()
}

/// The beginnings of paths that the site does not want to be asked for.
async fn disallowed(site: SocketAddr) -> Vec<String> {
    let robots = get(site, "/robots.txt").await.unwrap_or_default();
    robots
        .lines()
        .filter_map(|line| line.strip_prefix("Disallow: "))
        .map(str::to_owned)
        .collect()
}

struct Crawler {
    site: SocketAddr,
    disallowed: Vec<String>,
    seen: HashSet<String>,
    places: Arc<Semaphore>,
    visits: Sender<Visit>,
}

impl Crawler {
    /// Starts the visit of a page, unless that was done before or must not be. Says whether it did.
    fn visit(&mut self, path: String) -> bool {
        let disallowed = self
            .disallowed
            .iter()
            .any(|beginning| path.starts_with(beginning));
        if disallowed || !self.seen.insert(path.clone()) {
            return false;
        }
        let (site, places, visits) = (self.site, self.places.clone(), self.visits.clone());
        canter::go(async move {
            let place = places.acquire().await.expect("nobody closes it");
            let visit = match timeout(PATIENCE, get(site, &path)).await {
                Ok(Ok(body)) => Visit::Links(links(&body)),
                Ok(Err(_)) => Visit::Broken,
                Err(_) => Visit::TooSlow,
            };
            drop(place);
            let _ = visits.send(visit).await;
        });
        true
    }
}

#[canter::main]
pub async fn main() {
    let site = Site::open().await.expect("a port is free");
    let (visits, ended) = unbounded();
    let mut crawler = Crawler {
        site: site.addr(),
        disallowed: disallowed(site.addr()).await,
        seen: HashSet::new(),
        places: Arc::new(Semaphore::new(REQUESTS_AT_A_TIME)),
        visits,
    };
    let mut under_way = usize::from(crawler.visit("/0".to_owned()));
    let (mut pages, mut broken, mut too_slow) = (0, 0, 0);
    while under_way > 0 {
        under_way -= 1;
        pages += 1;
        match ended.recv().await.expect("the crawler has a sender") {
            Visit::Links(links) => {
                under_way += links
                    .into_iter()
                    .filter(|link| crawler.visit(link.clone()))
                    .count();
            }
            Visit::Broken => broken += 1,
            Visit::TooSlow => too_slow += 1,
        }
    }
    println!("{pages} pages, {broken} of them broken, {too_slow} too slow");
    if site.most_at_a_time() <= REQUESTS_AT_A_TIME {
        println!("the site never saw more than {REQUESTS_AT_A_TIME} requests at a time");
    }
    if !site.was_asked_for_private() {
        println!("nobody asked for /private");
    }
}
