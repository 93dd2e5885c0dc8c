#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "template.h"

struct options opt = { .connections = 1, .seconds = 5 };

static void usage(void)
{
	fprintf(stderr,
		"usage: load --port P --request FILE [--request FILE ...] --connections N --seconds S [--warmup S] [--rate R]\n");
	exit(2);
}

void options_read(int argc, char **argv)
{
	static const struct option names[] = {
		{ "port", 1, NULL, 'p' },
		{ "request", 1, NULL, 'f' },
		{ "connections", 1, NULL, 'c' },
		{ "seconds", 1, NULL, 's' },
		{ "warmup", 1, NULL, 'w' },
		{ "rate", 1, NULL, 'r' },
		{ 0 },
	};

	for (int o; (o = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		switch (o) {
		case 'p': opt.port = atoi(optarg); break;
		case 'f':
			template_read(optarg);
			opt.requests++;
			break;
		case 'c': opt.connections = atoi(optarg); break;
		case 's': opt.seconds = atof(optarg); break;
		case 'w': opt.warmup = atof(optarg); break;
		case 'r': opt.rate = atof(optarg); break;
		default: usage();
		}
	}
	if (opt.port <= 0 || opt.requests == 0 || opt.connections <= 0 || opt.seconds <= 0 || opt.warmup < 0 ||
		optind != argc)
		usage();
}
