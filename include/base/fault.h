/* Named points where a test stops the process. PATCHWORK_FAULT="pay.sent:kill" kills it by SIGKILL when the point is
 * reached, "pay.sent:kill:3" at the third time, "pay.sent:stop" by SIGSTOP. PATCHWORK_FAULT_LOG=path appends the name of
 * each point that is reached as a line to that file. Release builds compile to nothing. */
#pragma once

#ifdef PATCHWORK_FAULTS
void fault_point(const char *name);
#define FAULT(name) fault_point(name)
#else
#define FAULT(name) ((void)0)
#endif
