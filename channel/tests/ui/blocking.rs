use canter_channel::select_blocking;

fn no_future() {
    select_blocking! {
        x = => x,
    }
}

fn wrong_type() -> u32 {
    select_blocking! {
        x = std::future::ready("word") => x,
    }
}

fn main() {}
