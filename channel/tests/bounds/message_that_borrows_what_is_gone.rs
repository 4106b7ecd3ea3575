//! A message that borrows can't be received after what it borrows is gone.

fn main() {
    let (tx, rx) = canter_channel::unbounded();
    {
        let text = String::from("gone");
        tx.try_send(text.as_str()).unwrap();
    }
    println!("{:?}", rx.try_recv());
}
