package main

// twoReadings reads the processor's counter twice: the floor.
func twoReadings() uint64
