//! A select whose arms are added at run time.

#![expect(unsafe_code, reason = "passes on what `Arm` asks for")]

use std::fmt;
use std::marker;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use super::foreign::Foreign;
use super::list::{ArmList, Kind};
use super::order::Order;
use super::wait::{Otherwise, Wait};
use crate::arm::{Arm, Visit};
use crate::chan::Entry;
use crate::claim::{Begun, Claim, Id};
use crate::error::{RecvError, SendError};
use crate::receiver::Receiver;
use crate::recv::Recv;
use crate::send::Send;
use crate::sender::Sender;
use canter_coop::Wakes;
use canter_coop::block_on;

/// A select over any number of arms that are added while the program runs, as Go's `reflect.Select`.
///
/// An arm is a receive, a send or any other future, each with a function that makes an `O` of what the arm gives: so arms of different
/// types stand side by side. [`wait`](Select::wait) waits until exactly one of them takes effect, and says which, with its `O`.
///
/// A **receive** stays until its channel is closed and empty, and it has said so: wait again for the next message, of the same or of
/// another arm. A **send** and a **future** end when they take effect. Arms stay enlisted from one wait to the next, so that a wait costs
/// what has happened since the last one, however many arms there are. Between two waits no arm takes effect.
///
/// It is `Send`, and so are its arms: it may wait in a task that moves between threads.
///
/// Of several arms that are ready each is equally likely, unless the select is [`biased`](Select::biased). For arms that are known when
/// the program is written, [`select!`](crate::select!) is shorter and needs no memory.
///
/// # Examples
///
/// ```
/// use canter_channel::{Select, bounded};
///
/// # futures::executor::block_on(async {
/// let channels: Vec<_> = (0..100).map(|_| bounded::<u32>(1)).collect();
/// let mut select = Select::new();
/// for (number, (_, rx)) in channels.iter().enumerate() {
///     select.recv(rx, move |message| (number, message));
/// }
/// channels[42].0.send(7).await.unwrap();
/// let (_arm, (number, message)) = select.wait().await;
/// assert_eq!((number, message), (42, Ok(7)));
/// # });
/// ```
pub struct Select<'a, O> {
    wait: Pin<Box<Wait<DynArms<'a, O>>>>,
}

/// An arm of a [`Select`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArmId {
    index: u32,
    generation: u64,
}

impl<'a, O: 'a> Select<'a, O> {
    /// A select with no arm yet.
    #[track_caller]
    pub fn new() -> Select<'a, O> {
        Select::with_order(Order::Random)
    }

    /// A select that prefers, of the arms that are ready when it looks, the one whose place comes first. A place is given to arms in the
    /// order in which they are added; one that was left is filled again.
    #[track_caller]
    pub fn biased() -> Select<'a, O> {
        Select::with_order(Order::Biased)
    }

    #[track_caller]
    fn with_order(order: Order) -> Select<'a, O> {
        let arms = DynArms {
            arms: Vec::new(),
            free: Vec::new(),
            added: 0,
            foreign: 0,
        };
        Select {
            wait: Box::pin(Wait::new(order, Otherwise::Wait, arms)),
        }
    }

    /// Adds an arm that receives, again and again until the channel is closed and empty.
    #[track_caller]
    pub fn recv<T: marker::Send + 'a>(
        &mut self,
        receiver: &'a Receiver<T>,
        output: impl FnMut(Result<T, RecvError>) -> O + marker::Send + 'a,
    ) -> ArmId {
        self.add(Keeping {
            arm: Recv::new(receiver.chan(), Location::caller()),
            goes_on: Result::is_ok,
            result: None,
            output,
        })
    }

    /// Adds an arm that sends this message, once. If the arm is removed or the select dropped before, the message is dropped unsent.
    #[track_caller]
    pub fn send<T: marker::Send + 'a>(
        &mut self,
        sender: &'a Sender<T>,
        message: T,
        output: impl FnOnce(Result<(), SendError<T>>) -> O + marker::Send + 'a,
    ) -> ArmId {
        self.add(once(
            Send::new(sender.chan(), message, Location::caller()),
            output,
        ))
    }

    /// Adds an arm that ends with this future.
    pub fn future<F>(&mut self, future: F, output: impl FnOnce(F::Output) -> O + marker::Send + 'a) -> ArmId
    where
        F: IntoFuture,
        F::IntoFuture: marker::Send + 'a,
        F::Output: marker::Send + 'a,
    {
        self.add(once(Foreign::new(future.into_future()), output))
    }

    fn add(&mut self, arm: impl ErasedArm<O> + marker::Send + 'a) -> ArmId {
        let id = self.wait.as_mut().arms().get_mut().add(Box::pin(arm));
        self.wait.as_mut().mark(id.index);
        id
    }

    /// Removes an arm, which has then taken no effect that a wait did not tell of. False if it has ended.
    ///
    /// If it is the one that took effect while a wait was dropped, what it received goes back to its channel.
    pub fn remove(&mut self, arm: ArmId) -> bool {
        let begun = self.wait.as_mut().interrupt();
        if !self.wait.arms_ref().contains(arm) {
            return false;
        }
        self.wait.as_mut().arms().get_mut().remove(arm.index);
        if begun == Begun::Done(arm.index) {
            self.wait.as_mut().forget_choice();
        }
        true
    }

    /// How many arms there are.
    pub fn len(&self) -> usize {
        self.wait.arms_ref().switched_on()
    }

    /// Whether there is no arm. Such a select waits for ever.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until an arm takes effect. For ever, if there is none.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the wait, and the arms stay. If an arm took effect before, the next wait tells of it.
    pub fn wait(&mut self) -> Waiting<'_, 'a, O> {
        Waiting { select: self }
    }

    /// [`wait`](Select::wait) for a thread, which it blocks.
    pub fn wait_blocking(&mut self) -> (ArmId, O) {
        block_on(self.wait())
    }

    /// The arm that can take effect at once. `None` if there was a moment at which none could. A future is polled once.
    pub fn try_wait(&mut self) -> Option<(ArmId, O)> {
        canter_coop::host::unhosted(|| {
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(fired) = self.poll_wait(&mut cx) {
                return Some(fired);
            }
            // It slept for this moment: nothing was there, unless somebody came meanwhile.
            match self.wait.as_mut().interrupt() {
                Begun::Polling => None,
                Begun::Done(_) => match self.poll_wait(&mut cx) {
                    Poll::Ready(fired) => Some(fired),
                    Poll::Pending => {
                        _ = self.wait.as_mut().interrupt();
                        None
                    }
                },
            }
        })
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>) -> Poll<(ArmId, O)> {
        let index = std::task::ready!(self.wait.as_mut().poll_next(cx));
        Poll::Ready(self.wait.as_mut().arms().get_mut().output(index))
    }
}

impl<'a, O: 'a> Default for Select<'a, O> {
    #[track_caller]
    fn default() -> Select<'a, O> {
        Select::new()
    }
}

impl<O> fmt::Debug for Select<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("arms", &self.len())
            .finish_non_exhaustive()
    }
}

/// The future of [`Select::wait`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Waiting<'s, 'a, O> {
    select: &'s mut Select<'a, O>,
}

impl<'a, O: 'a> Future for Waiting<'_, 'a, O> {
    type Output = (ArmId, O);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(ArmId, O)> {
        self.select.poll_wait(cx)
    }
}

impl<O> Drop for Waiting<'_, '_, O> {
    fn drop(&mut self) {
        let _told_by_the_next_wait: Begun = self.select.wait.as_mut().interrupt();
    }
}

impl<O> fmt::Debug for Waiting<'_, '_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting").field("select", &self.select).finish()
    }
}

type Erased<'a, O> = Pin<Box<dyn ErasedArm<O> + marker::Send + 'a>>;

/// The arms by place; an empty one is filled again.
struct DynArms<'a, O> {
    arms: Vec<Option<(u64, Erased<'a, O>)>>,
    free: Vec<u32>,
    added: u64,
    foreign: usize,
}

impl<'a, O> DynArms<'a, O> {
    fn add(&mut self, arm: Erased<'a, O>) -> ArmId {
        self.added += 1;
        self.foreign += usize::from(arm.kind() == Kind::Foreign);
        let entry = Some((self.added, arm));
        let index = match self.free.pop() {
            Some(index) => {
                self.arms[index as usize] = entry;
                index
            }
            None => {
                self.arms.push(entry);
                u32::try_from(self.arms.len() - 1).expect("memory ends before the places do")
            }
        };
        ArmId {
            index,
            generation: self.added,
        }
    }

    fn contains(&self, arm: ArmId) -> bool {
        let entry = self.arms.get(arm.index as usize).and_then(Option::as_ref);
        entry.is_some_and(|(generation, _)| *generation == arm.generation)
    }

    fn switched_on(&self) -> usize {
        self.arms.len() - self.free.len()
    }

    fn remove(&mut self, index: u32) {
        drop(self.take(index));
    }

    fn take(&mut self, index: u32) -> Erased<'a, O> {
        let (_, arm) = self.arms[index as usize].take().expect("an arm that is there");
        self.free.push(index);
        self.foreign -= usize::from(arm.kind() == Kind::Foreign);
        arm
    }

    fn arm(&self, index: u32) -> Option<&Erased<'a, O>> {
        self.arms[index as usize].as_ref().map(|(_, arm)| arm)
    }

    fn arm_mut(&mut self, index: u32) -> Option<Pin<&mut (dyn ErasedArm<O> + marker::Send + 'a)>> {
        self.arms[index as usize].as_mut().map(|(_, arm)| arm.as_mut())
    }

    /// What the arm that took effect gives. One that has ended is gone before its function runs, which is user code and may panic.
    fn output(&mut self, index: u32) -> (ArmId, O) {
        let (generation, arm) = self.arms[index as usize].as_mut().expect("it took effect");
        let id = ArmId {
            index,
            generation: *generation,
        };
        if arm.goes_on() {
            return (id, arm.as_mut().output());
        }
        (id, self.take(index).as_mut().output())
    }
}

/// An [`Arm`] that keeps its result until it is asked for: while a select looks, no user code runs.
trait ErasedArm<O> {
    fn kind(&self) -> Kind;
    fn may_be_ready(&self) -> bool;
    fn version(&self) -> usize;
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;
    fn visit(self: Pin<&mut Self>, id: Id, entry: Entry) -> Visit<()>;
    /// # Safety
    ///
    /// As for [`Arm::visit_enlisted`].
    unsafe fn visit_enlisted(
        self: Pin<&mut Self>,
        claim: Pin<&Claim>,
        index: u32,
        wakes: &mut Wakes,
    ) -> Visit<()>;
    fn complete(self: Pin<&mut Self>) -> Option<()>;
    /// Whether it may take effect again after what came of it.
    fn goes_on(&self) -> bool;
    /// What came of it.
    fn output(self: Pin<&mut Self>) -> O;
}

pin_project! {
    struct Keeping<A: Arm, F> {
        #[pin]
        arm: A,
        result: Option<A::Output>,
        goes_on: fn(&A::Output) -> bool,
        output: F,
    }
}

/// An arm that takes effect once.
fn once<A: Arm, O>(arm: A, output: impl FnOnce(A::Output) -> O) -> impl ErasedArm<O> {
    let mut output = Some(output);
    Keeping {
        arm,
        result: None,
        goes_on: |_| false,
        output: move |result| output.take().expect("an arm that does not go on")(result),
    }
}

impl<A: Arm, F> Keeping<A, F> {
    fn keep(self: Pin<&mut Self>, visit: Visit<A::Output>) -> Visit<()> {
        visit.map(|result| *self.project().result = Some(result))
    }
}

impl<O, A, F> ErasedArm<O> for Keeping<A, F>
where
    A: Arm,
    F: FnMut(A::Output) -> O,
{
    fn kind(&self) -> Kind {
        if A::FOREIGN { Kind::Foreign } else { Kind::Channel }
    }

    fn may_be_ready(&self) -> bool {
        self.arm.may_be_ready()
    }

    fn version(&self) -> usize {
        self.arm.version()
    }

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        this.arm.poll(cx).map(|result| *this.result = Some(result))
    }

    fn visit(mut self: Pin<&mut Self>, id: Id, entry: Entry) -> Visit<()> {
        let visit = self.as_mut().project().arm.visit(id, entry);
        self.keep(visit)
    }

    unsafe fn visit_enlisted(
        mut self: Pin<&mut Self>,
        claim: Pin<&Claim>,
        index: u32,
        wakes: &mut Wakes,
    ) -> Visit<()> {
        // SAFETY: what the caller promises.
        let visit = unsafe { self.as_mut().project().arm.visit_enlisted(claim, index, wakes) };
        self.keep(visit)
    }

    fn complete(self: Pin<&mut Self>) -> Option<()> {
        let this = self.project();
        *this.result = Some(this.arm.complete()?);
        Some(())
    }

    fn goes_on(&self) -> bool {
        self.result.as_ref().is_some_and(self.goes_on)
    }

    fn output(self: Pin<&mut Self>) -> O {
        let this = self.project();
        let result = this.result.take().expect("the arm took effect");
        (this.output)(result)
    }
}

// SAFETY: what holds of each arm holds of all.
unsafe impl<O> ArmList for DynArms<'_, O> {
    /// The place of the arm.
    type Output = u32;

    fn count(&self) -> u32 {
        self.arms.len() as u32
    }

    fn kind(&self, index: u32) -> Kind {
        self.arm(index).map_or(Kind::Off, |arm| arm.kind())
    }

    fn has_foreign(&self) -> bool {
        self.foreign > 0
    }

    fn may_be_ready(&self, index: u32) -> bool {
        self.arm(index).is_some_and(|arm| arm.may_be_ready())
    }

    fn version(&self, index: u32) -> usize {
        self.arm(index).map_or(0, |arm| arm.version())
    }

    fn poll(self: Pin<&mut Self>, index: u32, cx: &mut Context<'_>) -> Poll<u32> {
        match self.get_mut().arm_mut(index) {
            Some(arm) => arm.poll(cx).map(|()| index),
            None => Poll::Pending,
        }
    }

    fn visit(self: Pin<&mut Self>, index: u32, id: Id, entry: Entry) -> Visit<u32> {
        match self.get_mut().arm_mut(index) {
            Some(arm) => arm.visit(id, entry).map(|()| index),
            None => Visit::NotReady,
        }
    }

    unsafe fn visit_enlisted(
        self: Pin<&mut Self>,
        index: u32,
        claim: Pin<&Claim>,
        number: u32,
        wakes: &mut Wakes,
    ) -> Visit<u32> {
        match self.get_mut().arm_mut(index) {
            // SAFETY: what the caller promises.
            Some(arm) => unsafe { arm.visit_enlisted(claim, number, wakes) }.map(|()| index),
            None => Visit::NotReady,
        }
    }

    fn complete(self: Pin<&mut Self>, index: u32) -> Option<u32> {
        self.get_mut().arm_mut(index)?.complete().map(|()| index)
    }

    /// The output says whether an arm goes on.
    fn switch_off(self: Pin<&mut Self>, _index: u32) {}

    fn nothing_ready() -> u32 {
        u32::MAX
    }
}
