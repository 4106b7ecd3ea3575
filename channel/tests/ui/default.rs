use canter_channel::select;

async fn twice() {
    select! {
        default => 1, default => 2
    }
}

async fn guarded() {
    select! {
        default, if a => 1
    }
}

async fn guarded_without_a_comma() {
    select! {
        default if a => 1, x = f() => 2
    }
}

async fn no_arrow() {
    select! {
        default { 4 }
    }
}

async fn alone() {
    select! {
        default
    }
}

async fn no_arrow_before_an_arm() {
    select! {
        default, x = f() => 1
    }
}

async fn no_body() {
    select! {
        default =>
    }
}

async fn as_a_pattern_before_a_mistake() {
    select! {
        default = f() => 1, x = f() =>
    }
}

fn main() {}
