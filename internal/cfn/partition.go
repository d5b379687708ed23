package cfn

// DNSSuffix returns the suffix of the host names of a partition's services (AWS in China user
// guide, endpoints).
func DNSSuffix(partition string) string {
	if partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}
