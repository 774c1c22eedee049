#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Stops the runner and PID 1's shell with it: no time limit within the guest
# can help.
kill -STOP $PPID
busybox sh -c 'while :; do sleep 1000; done'
