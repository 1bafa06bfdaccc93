"""Why a command is not possible now.

    * Refused                     a person can act on it; nothing has changed
      + HallClosed                hall_closed
      + QueueClosed               queue_closed
      + QueueFull                 queue_full
      + NobodyWaiting             nobody_waiting
      + AlreadyWaiting            already_waiting
      + WindowNotOpen             window_not_open
      + WindowBusy                window_busy
      + WindowTaken               window_taken
      + NotYours                  not_yours
      + AppointmentEarly          appointment_early
      + AppointmentLate           appointment_late
      + TicketNotWaiting          ticket_not_waiting
      + TicketNotCalled           ticket_not_called
      + TicketNotServing          ticket_not_serving
      + RecallTooSoon             recall_too_soon
      + TicketNotServed           ticket_not_served
      + AlreadyRated              already_rated
      + TooLateToRate             too_late_to_rate
      + TooManyRecalls            too_many_recalls
      + TooManyReturns            too_many_returns
      + TooLateToUndo             too_late_to_undo
      + PlanInUse                 plan_in_use
      + PlanInvalid               plan_invalid
      + Unknown                   unknown_window, unknown_queue, unknown_service,
                                  unknown_class, unknown_ticket

A refusal has a stable `code`, its facts as a mapping of plain values, and a sentence in
English. People see the sentence of their own language, chosen by `code`.
"""

from __future__ import annotations

from typing import ClassVar, TypeAlias

Fact: TypeAlias = str | int


class Refused(Exception):
    """The command is refused; the hall is as it was."""

    code: ClassVar[str] = ""
    sentence: ClassVar[str] = ""

    def __init__(self, **facts: Fact) -> None:
        self.facts: dict[str, Fact] = facts
        super().__init__(self.sentence.format(**facts))


class HallClosed(Refused):
    """No numbers are given out and no windows opened now."""

    code = "hall_closed"
    sentence = "The hall is closed now."


class QueueClosed(Refused):
    """The queue exists but takes nobody."""

    code = "queue_closed"
    sentence = "Queue {queue} takes no tickets now."


class QueueFull(Refused):
    """As many wait as the hall allows, or every number is still held."""

    code = "queue_full"
    sentence = "Queue {queue} has {waiting} waiting and takes no more."


class NobodyWaiting(Refused):
    """No ticket this window may call."""

    code = "nobody_waiting"
    sentence = "Nobody is waiting for window {window}."


class AlreadyWaiting(Refused):
    """One live ticket per person and queue."""

    code = "already_waiting"
    sentence = "There already is ticket {number} for this."


class AppointmentEarly(Refused):
    """The number for an appointment is not given out yet. Times are Unix milliseconds."""

    code = "appointment_early"
    sentence = "The appointment is at {slot}; its number is given out from {opens} on."


class AppointmentLate(Refused):
    """The appointment is over; one takes a number like everybody else."""

    code = "appointment_late"
    sentence = "The appointment was at {slot} and could be checked in until {closed}."


class WindowNotOpen(Refused):
    """The window is paused or closed."""

    code = "window_not_open"
    sentence = "Window {window} is {status}."


class WindowBusy(Refused):
    """The window has a ticket in hand."""

    code = "window_busy"
    sentence = "Window {window} still has ticket {number}."


class WindowTaken(Refused):
    """Sit down with `take_over` to relieve the other clerk."""

    code = "window_taken"
    sentence = "Another clerk sits at window {window}."


class NotYours(Refused):
    """Only its clerk and managers act at a window."""

    code = "not_yours"
    sentence = "Window {window} belongs to another clerk."


class TicketNotWaiting(Refused):
    """The ticket's status does not allow this."""

    code = "ticket_not_waiting"
    sentence = "Ticket {number} is not waiting: it is {status}."


class TicketNotCalled(Refused):
    """Nobody has been called to the window."""

    code = "ticket_not_called"
    sentence = "Window {window} has no called ticket."


class TicketNotServing(Refused):
    """Nobody is being served at the window."""

    code = "ticket_not_serving"
    sentence = "Window {window} is not serving a ticket."


class TicketNotServed(Refused):
    """Only a finished service can be rated."""

    code = "ticket_not_served"
    sentence = "Ticket {number} has not been served: it is {status}."


class AlreadyRated(Refused):
    """One grade per ticket; only no answer may be replaced."""

    code = "already_rated"
    sentence = "Ticket {number} is rated already."


class TooLateToRate(Refused):
    """The ticket's business day is over."""

    code = "too_late_to_rate"
    sentence = "Ticket {number} can no longer be rated."


class RecallTooSoon(Refused):
    """The visitor could not have come yet."""

    code = "recall_too_soon"
    sentence = "Ticket {number} was called just now; again in {seconds} s."


class TooManyRecalls(Refused):
    """Miss the ticket instead."""

    code = "too_many_recalls"
    sentence = "Ticket {number} was recalled {times} times already."


class TooManyReturns(Refused):
    """Re-entries are bounded, or somebody could wait for ever."""

    code = "too_many_returns"
    sentence = "Ticket {number} went back to the line {times} times already."


class TooLateToUndo(Refused):
    """No call to take back, or its time is over."""

    code = "too_late_to_undo"
    sentence = "Window {window} has no call that could still be undone."


class PlanInUse(Refused):
    """People hold tickets that this change would orphan."""

    code = "plan_in_use"
    sentence = "The {kind} {id} cannot go while tickets need it."


class PlanInvalid(Refused):
    """The plan contradicts itself."""

    code = "plan_invalid"
    sentence = "The plan cannot be used: {problem}."


class Unknown(Refused):
    """Something named does not exist. `code` is `unknown_` plus what it is."""

    sentence = "There is no {kind} {id}."

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(kind=kind, id=id)
        self.code = f"unknown_{kind}"  # type: ignore[misc]
