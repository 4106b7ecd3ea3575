//! A future that waits does not outlive the handle that it came from.

fn main() {
    let (_tx, rx) = canter_channel::unbounded::<u8>();
    let recv = rx.recv();
    drop(rx);
    drop(recv);
}
