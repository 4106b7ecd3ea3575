use canter_channel::select;

async fn between_arms() {
    select! {
        x = f() => foo(x); y = g() => bar(y)
    }
}

async fn behind_a_block() {
    select! {
        x = f() => {}; y = g() => 3
    }
}

async fn behind_a_comma() {
    select! {
        x = f() => 1,; y = g() => 2
    }
}

async fn before_the_first_arm() {
    select! {
        ; x = f() => 1
    }
}

fn main() {}
