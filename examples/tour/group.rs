//! Tasks that belong together: the first error ends the others.
//!
//! ```go
//! func main() {
//!     group, ctx := errgroup.WithContext(context.Background())
//!     group.SetLimit(2)
//!     for _, page := range []string{"home", "news", "gone", "slow"} {
//!         group.Go(func() error { return fetch(ctx, page) })
//!     }
//!     if err := group.Wait(); err != nil {
//!         fmt.Println("failed:", err)
//!     }
//! }
//! ```
//!
//! `wait` gives the outputs in the order in which the tasks were spawned, or the first error, and then the others have been aborted: none is
//! left behind. With a limit, to spawn one more waits until one has ended.
//!
//! ```text
//! all is well: 4 bytes, 4 bytes, 5 bytes
//! failed: there is no page gone
//! ```

use std::time::Duration;

use canter::task::Group;
use canter::time::sleep;

async fn fetch(page: &'static str) -> Result<usize, String> {
    match page {
        "gone" => return Err(format!("there is no page {page}")),
        "slow" => sleep(Duration::from_secs(3600)).await,
        _ => sleep(Duration::from_millis(1)).await,
    }
    Ok(page.len())
}

async fn fetch_all(pages: &[&'static str]) -> Result<Vec<usize>, String> {
    let mut group = Group::new().limit(2);
    for page in pages {
        group.spawn(fetch(page)).await;
    }
    group.wait().await.map_err(|error| error.to_string())
}

#[canter::main]
pub async fn main() {
    for pages in [["home", "news", "about"], ["home", "slow", "gone"]] {
        match fetch_all(&pages).await {
            Ok(sizes) => {
                let sizes: Vec<_> = sizes.iter().map(|size| format!("{size} bytes")).collect();
                println!("all is well: {}", sizes.join(", "));
            }
            Err(error) => println!("failed: {error}"),
        }
    }
}
