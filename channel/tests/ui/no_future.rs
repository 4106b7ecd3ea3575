use canter_channel::select;

async fn nothing() {
    select! {
        x = => 1, y = g() => 2
    }
}

async fn guard_only() {
    select! {
        x = , if a => 1
    }
}

fn main() {}
