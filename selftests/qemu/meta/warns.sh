#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Passes by its own account, but the kernel warned meanwhile.
echo "TAP version 13"
echo "1..1"
echo WARNING >/sys/kernel/debug/provoke-crash/DIRECT
echo "ok 1 it has not seen the warning"
