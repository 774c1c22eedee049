/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the model share: a driver's memory, a clock that they advance, and
 * register accesses. Ports 0 to 3 have a disk each.
 */
#ifndef TEST_H
#define TEST_H

#include "hba.h"

#define MEMORY		0x100000000ull	/* where the driver's memory is for the device */
#define MEMORY_SIZE	(8u << 20)
#define LIST(port)	((port) * 0x400ull)
#define RECEIVED(port)	(0x8000 + (port) * 0x100ull)
#define TABLE(slot)	(0x10000 + (slot) * 0x2000ull)
#define DATA		0x100000ull

extern uint8_t *memory;

/* A test begins with an HBA that is initialised; the last of a table has no name. */
struct test {
	const char	*name;
	void		(*run)(void);
};

extern const struct test link_tests[];
extern const struct test presence_tests[];
extern const struct test firmware_tests[];
extern const struct test enclosure_tests[];
extern const struct test ccc_tests[];
extern const struct test pmp_tests[];
extern const struct test lie_tests[];
extern const struct test zones_tests[];

#define check(condition) check_that(condition, #condition, __LINE__)

void check_that(bool holds, const char *what, int line);
bool command(const char *format, ...) __attribute__((format(printf, 1, 2)));
unsigned int broken(const char *section);
bool clean(void);
void pass_time(uint64_t ns);
uint32_t rd(unsigned int port, uint32_t reg);
void wr(unsigned int port, uint32_t reg, uint32_t value);
uint64_t came(unsigned int vector);
void use_vectors(enum irq_index index, unsigned int n);
void fresh(void);
void build(unsigned int port, unsigned int slot, uint8_t op, uint64_t lba, uint32_t count,
	   uint32_t piece);
void ring(unsigned int port, uint32_t slots);
uint32_t acknowledge(unsigned int port);
uint8_t *received(unsigned int port, unsigned int offset);
uint8_t *data(unsigned int slot);
void restart(unsigned int port);
void run_tests(const struct test *tests);

/* With a drive in place of a disk, which comes back afterwards. */
void test_atapi(void);

#endif
