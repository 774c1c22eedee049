#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Passes, and must be reported as passed.
echo "TAP version 13"
echo "1..1"
echo "ok 1 nothing happened"
