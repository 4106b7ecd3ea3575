use canter_channel::select;

async fn twice() {
    select! {
        else => 1, else => 2
    }
}

async fn behind_default() {
    select! {
        default => 1, x = f() => 3, else => 2
    }
}

async fn before_default() {
    select! {
        else => 1, default => 2
    }
}

async fn as_a_pattern() {
    select! {
        else = f() => 1
    }
}

async fn guarded() {
    select! {
        else, if a => 1
    }
}

async fn guarded_without_a_comma() {
    select! {
        else if a => 1
    }
}

async fn no_arrow() {
    select! {
        else { 4 }
    }
}

fn main() {}
