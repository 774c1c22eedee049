// SPDX-License-Identifier: GPL-2.0
/*
 * Print the kernel's uevents, one a line, until killed. What a line says first is that
 * from now on none is missed:
 *
 *	listening
 *	change@/devices/... ACTION=change DEVPATH=/devices/... ...
 */
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define KERNEL_EVENTS	1	/* the multicast group */

int main(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = KERNEL_EVENTS };
	int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
	char buf[8192];
	ssize_t n, i;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("uevents");
		return 1;
	}
	setlinebuf(stdout);
	puts("listening");
	while ((n = recv(fd, buf, sizeof(buf) - 1, 0)) >= 0) {
		/* Strings, each with its end */
		for (i = 0; i < n; i++)
			if (!buf[i])
				buf[i] = ' ';
		buf[n] = 0;
		puts(buf);
	}
	perror("uevents");
	return 1;
}
