/* Tells who waits for jobs (include/queue/wake.h) that a queue may have some: after the enqueueing statement, on another
 * connection of the pipe, one statement for all queues, at most once in WAKE_DEBOUNCE. Lost hints cost a worker's next look, nothing more. */
#pragma once

void wake_hint_queue(const char *queue); /* a string literal */
