use canter_channel::select;

async fn next_arm_follows() {
    select! {
        x = f() , y = g() => 2
    }
}

async fn end_follows() {
    select! {
        x = f()
    }
}

async fn end_follows_the_guard() {
    select! {
        x = f(), if a
    }
}

async fn semicolon_follows() {
    select! {
        x = f(); y = g() => 2
    }
}

async fn nothing_after_the_arrow() {
    select! {
        x = f() =>
    }
}

async fn comma_after_the_arrow() {
    select! {
        x = f() => , y = g() => 2
    }
}

async fn semicolon_after_the_arrow() {
    select! {
        x = f() => ; y = g() => 3
    }
}

async fn second_arrow() {
    select! {
        x = f() => => 2
    }
}

fn main() {}
