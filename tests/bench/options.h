/* load --port P --request FILE [--request FILE ...] --connections N --seconds S [--warmup S] [--rate R] */
#pragma once

struct options {
	int port, connections;
	int requests;           /* files that were read: template.h */
	double seconds, warmup; /* measured, and before that */
	double rate;            /* requests per s; 0 = closed loop */
};

extern struct options opt;

/* Ends the process when they are wrong. */
void options_read(int argc, char **argv);
