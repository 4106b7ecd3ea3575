//! A site to crawl: hundreds of pages that link to each other in circles. Some are broken, some take an hour to answer, one is private.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use canter::net::{TcpListener, TcpStream};
use canter::time::sleep;
use futures::io::BufReader;
use futures::{AsyncBufReadExt, AsyncWriteExt};

const PAGES: usize = 300;

pub struct Site {
    addr: SocketAddr,
    visitors: Arc<Visitors>,
}

#[derive(Default)]
struct Visitors {
    now: AtomicUsize,
    most: AtomicUsize,
    private: AtomicBool,
}

impl Site {
    /// Serves the site on a port of its own, until the runtime ends.
    pub async fn open() -> io::Result<Site> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let visitors = Arc::new(Visitors::default());
        let shared = visitors.clone();
        canter::go(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let visitors = shared.clone();
                canter::go(async move {
                    visitors
                        .most
                        .fetch_max(visitors.now.fetch_add(1, Relaxed) + 1, Relaxed);
                    let _ = answer(connection, &visitors).await;
                });
            }
        });
        Ok(Site { addr, visitors })
    }

    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn most_at_a_time(&self) -> usize {
        self.visitors.most.load(Relaxed)
    }

    pub fn was_asked_for_private(&self) -> bool {
        self.visitors.private.load(Relaxed)
    }
}

async fn answer(mut connection: TcpStream, visitors: &Visitors) -> io::Result<()> {
    let mut request = String::new();
    BufReader::new(&mut connection).read_line(&mut request).await?;
    let path = request.split(' ').nth(1).unwrap_or("/");
    let response = match path.strip_prefix('/').map(str::parse::<usize>) {
        Some(Ok(page)) if page < PAGES => page_or_trouble(page, visitors).await,
        _ if path == "/robots.txt" => ok("User-agent: *\nDisallow: /private\n"),
        _ => {
            visitors.private.fetch_or(path.starts_with("/private"), Relaxed);
            "HTTP/1.0 404 Not Found\r\n\r\n".to_owned()
        }
    };
    visitors.now.fetch_sub(1, Relaxed); // before the last byte, after which the visitor may begin the next request
    connection.write_all(response.as_bytes()).await?;
    connection.close().await
}

/// Every fifteenth page is broken, every sixtieth but the first takes an hour.
async fn page_or_trouble(page: usize, visitors: &Visitors) -> String {
    match page {
        _ if page % 60 == 59 => {
            visitors.now.fetch_sub(1, Relaxed); // the visitor will go away
            sleep(Duration::from_secs(3600)).await;
            ok(&body(page))
        }
        _ if page % 15 == 7 => "HTTP/1.0 500 Internal Server Error\r\n\r\n".to_owned(),
        _ => ok(&body(page)),
    }
}

/// A page links to its children in a tree, to the one before it, and to what is private.
fn body(page: usize) -> String {
    let children = (3 * page + 1..=3 * page + 3).chain((page + 1)..(page + 16));
    let links = children
        .filter(|child| *child < PAGES)
        .chain([page.saturating_sub(1)]);
    let links: String = links
        .map(|link| format!("<a href=\"/{link}\">{link}</a>\n"))
        .collect();
    format!("<h1>Page {page}</h1>\n{links}<a href=\"/private\">private</a>\n")
}

fn ok(body: &str) -> String {
    format!("HTTP/1.0 200 OK\r\n\r\n{body}")
}
