module comparison

go 1.22
