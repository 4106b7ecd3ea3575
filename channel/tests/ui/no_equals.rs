use canter_channel::select;

async fn future_alone() {
    select! {
        rx.recv() => 1, y = g() => 2
    }
}

async fn catch_all() {
    select! {
        _ => 1
    }
}

async fn crossbeam_form() {
    select! {
        recv(rx) -> x => 1
    }
}

async fn comparison() {
    select! {
        x == f() => 1
    }
}

async fn literal() {
    select! {
        "lit"
    }
}

async fn let_statement() -> u32 {
    select! {
        let x = std::future::ready(1) => x
    }
}

async fn no_pattern() {
    select! {
        = f() => 1
    }
}

async fn name_alone() {
    select! {
        x
    }
}

fn main() {}
