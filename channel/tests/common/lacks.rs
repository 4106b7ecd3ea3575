//! The opposite of a bound: an error where a type has a trait that it must not have.

macro_rules! lacks {
    ($bound:path: $($type:ty),* $(,)?) => {
        const _: fn() = || {
            trait Ambiguous<A> { fn only_one() {} }
            struct Bounded;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $bound> Ambiguous<Bounded> for T {}
            $( <$type as Ambiguous<_>>::only_one(); )*
        };
    };
}
