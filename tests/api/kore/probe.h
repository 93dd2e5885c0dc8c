/* Routes of the probe that stand in a file of their own. */
#pragma once

struct http_request;

int open_socket(struct http_request *req);
