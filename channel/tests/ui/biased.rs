use canter_channel::select;

async fn no_semicolon() {
    select! {
        biased x = f() => 1
    }
}

async fn comma() {
    select! {
        biased, x = f() => 1
    }
}

async fn alone() {
    select! {
        biased
    }
}

async fn no_semicolon_before_a_pattern() {
    select! {
        biased Some(x) = f() => 1
    }
}

async fn behind_an_arm() {
    select! {
        x = f() => 1, biased; y = g() => 2
    }
}

async fn twice() {
    select! {
        biased; biased; x = f() => 1
    }
}

fn main() {}
