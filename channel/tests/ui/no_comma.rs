use canter_channel::select;

async fn before_a_name() {
    select! {
        x = f() => foo(x)
        y = g() => bar(y)
    }
}

async fn before_a_pattern() {
    select! {
        x = f() => foo(x)
        Some(y) = g() => bar(y), z => 3
    }
}

async fn before_a_tuple() {
    select! {
        x = f() => x
        (a, b) = g() => bar(a)
    }
}

async fn before_a_literal() {
    select! {
        x = f() => foo(x)
        5 = g() => 4
    }
}

async fn before_else() {
    select! {
        x = f() => if a { 1 } else { 2 }
        else => 4
    }
}

async fn twice() {
    select! {
        x = f() => x
        [a, b] = g() => (a)
        &c = h() => c
    }
}

fn main() {}
